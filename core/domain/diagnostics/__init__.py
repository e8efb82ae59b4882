"""What `lanekit doctor` concludes: facts about this machine, findings, remedies."""
