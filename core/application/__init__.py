"""Use cases: they call ports and may use threads; they do no other I/O."""
