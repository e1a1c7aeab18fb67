"""What is measured: one file per probe. A measurement is a function of a rollout."""
