"""The loss: inputs of every kind of supervision, and what it is compared with."""
