"""Measure how likely a text is.

- `scan`: Run a network over texts, a piece at a time.
- `losses`: Hold what a text costs: nats and bits, per character and per unit.
- `score`: Score a text: the surprise of every character, in nats and bits.
- `lines`: Score lines each for itself, as if there were no others.
- `ranking`: Share out a score among lines, or score each line by itself, to
  rank them.
- `ngrams`: Score a text with n-grams: how often what followed what.
- `baselines`: Score a text without a network: n-grams and a compressor, to
  compare with.
- `shift`: Tell whether the end of a text, which is held out, is unlike the
  rest.
- `adaptation`: Score a text while learning from it: dynamic evaluation.
"""
