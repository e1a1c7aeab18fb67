"""The conformance suite: every measurement against a case whose answer is known exactly."""
