"""Draw texts from a network.

- `probabilities`: Turn logits into probabilities, and those into repeatable
  draws.
- `endings`: End a sample at a string: before it comes up, or after it.
- `sampler`: Write text with a network: carry a state, draw, stop in the right
  place.
"""
