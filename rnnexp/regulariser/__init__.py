"""Regularisers: what a training minimises beside the task's loss."""
