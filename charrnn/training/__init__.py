"""Train a model in a folder that can be gone on with.

- `recipe`: Choose a network and its training by the text and the time.
- `clock`: Measure a run's time: all of it, its steps, and the time left.
- `checkpoint`: Keep all of a run in one file, so that it goes on as if nothing
  happened.
- `run_state`: Check what a checkpoint tells of a run, before anything is built
  on it.
- `run_folder`: Claim a run's folder, keep other processes out, move an old run
  aside.
- `schedule`: What training needs besides the model: optimizer, loss, schedule.
- `validation`: Score the held-out part while training, and keep the best model.
- `changes`: Go on with a run under other settings: what --change may change.
- `loop`: Run the steps of training, with checkpoints on the way.
- `budget`: End training so that everything is done when the time is over.
- `history`: Keep the losses of a run, as a table and as a picture.
- `reporting`: Tell how training goes: the progress line and samples.
- `metrics`: Measure a finished run: metrics.json and the last lines on the
  screen.
"""
