"""How weights are trained: the loop, the batches, the checkpoints."""
