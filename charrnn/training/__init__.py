"""Train a model in a folder that can be gone on with.

- `recipe`: Choose a network and its training by the text and the time.
- `values`: Check the value of a setting: one rule for flags and for Python.
- `settings`: What a run can be told: every setting, its default and its limits.
- `units`: What the unit of a run means: its settings, vocabulary and
  split.
- `clock`: Measure a run's time: all of it, its steps, and the time left.
- `checkpoint`: Keep all of a run in one file, so that it goes on as if nothing
  happened.
- `figures`: Read the figures and the losses that a run has written.
- `run_state`: Check what a checkpoint tells of a run, before anything is built
  on it.
- `places`: Find the folders of runs: where they are, their names, the newest.
- `run_folder`: Claim a run's folder, keep other processes out, move an old run
  aside.
- `schedule`: What training needs besides the model: optimizer, loss, schedule.
- `restarts`: Let streams begin with an empty state now and then.
- `validation`: Score the held-out part while training, and keep the best model.
- `changes`: Go on with a run under other settings: what --change may change.
- `settle`: Settle what holds for a run: what is given, what it had, the
  defaults.
- `causes`: Name the flags that may have kept a network from learning.
- `footprint`: Check that what training needs fits into the memory.
- `data`: Read and check all that a run is made of, before anything is written.
- `advice`: Say before training what a text is too short or too odd for.
- `stopping`: Stop training in order when somebody asks: first write a
  checkpoint.
- `loop`: Run the steps of training, with checkpoints on the way.
- `budget`: End training so that everything is done when the time is over.
- `history`: Keep the losses of a run, as a table and as a picture.
- `reporting`: Tell how training goes: the progress line and samples.
- `metrics`: Measure a finished run, for metrics.json.
- `summary`: Say in a few lines how well the model of a run does.
- `assembly`: Put together what a run trains with: network, twin and callbacks.
- `finish`: Finish a run: its figures, its picture, its last sample.
- `session`: Train a run in its folder, from the first look at it to its last
  file.
- `turns`: Train several runs in turns, so that what slows one slows all.
- `run`: What a training leaves: its folder, its model, its figures.
- `train`: Train a network on a text with one call, as `train.py` does.
"""
