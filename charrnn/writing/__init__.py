"""Draw texts from a network.

- `probabilities`: Turn logits into the probabilities that characters are
  drawn with.
- `random_numbers`: Address random numbers by seed, sample and position, and
  draw with them.
- `endings`: End a sample at a string: before it, or after it.
- `ledger`: Add up the surprise of the characters drawn, many steps at a time.
- `state`: Hold all that the next characters of samples depend on.
- `prompts`: Read a prompt, and complete the word in which it ends.
- `drawing`: Draw samples side by side until each of them has ended.
- `sampler`: Write text with a network: read a prompt, draw, stop in the right
  place.
"""
