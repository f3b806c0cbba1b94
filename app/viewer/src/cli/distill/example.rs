//! A run file for people to start from.

/// TOML with every setting; a test reads it back.
pub const TEXT: &str = r#"# fovea distill --config run.toml        Paths are relative to this file.
out = "runs/first"                       # checkpoint, record and the trained Student go here
checkpoint_steps = 50                    # steps between checkpoints; one more after every epoch

[student]
from = { random = { divisor = 8, seed = 1, settle = true } }   # thin VGG16; or { torchvision = { file = "vgg16.pth", seed = 1 } }
                                                # or { file = "student.safetensors" }
input_px = 128                           # side of the Teacher's grid
um_per_px = 4.0                          # of that grid
factor = 4                               # the Student sees 2.5x where the Teacher sees 10x
grid = "teacher"                         # the paper's way; "native" computes on the reduced pixels
name = "my Student"

[data]
path = "data/sicap"                      # SICAPv2 layout, folders by class, or a CSV/XLSX table

[teacher]                                # leave it out for cross entropy alone
targets = "teacher.targets.safetensors"  # fovea targets export …; or: live = "teacher.safetensors"

[train]
epochs = 20
batch = 32
accumulate = 1                           # parts a batch is cut into to save memory
seed = 0
views = "dihedral8"                      # the views the targets hold; "continuous" augments anew, with a live Teacher
balance = true                           # draw rare classes more often
least_gain = 0.01                        # rise of validation kappa for which the weights are kept
# patience = 5                           # stop after so many epochs without one
# freeze = "-3"                          # train nothing up to this layer or level

[train.optimiser]                        # Adam
lr = 1e-4
betas = [0.9, 0.999]
eps = 1e-8

[train.schedule]                         # step size over time, as a factor of lr
warmup = 0                               # steps over which it rises
last = 1.0                               # factor at the end of the run

[train.terms]                            # total = ce*CE + sum of weight*term
ce = 1.0
# kd = { weight = 1.0, t = 1.0 }
fm = { weight = 0.1, layer = "-1" }      # needs targets with --features
# sr = { weight = 1.0, kind = "last" }   # or "spatial"

[[train.terms.at]]                       # AT+
weight = 10.0
layer = "-1"
form = "positive"                        # or "relu", "signed"
loss = "l2"                              # or "bce", "kl"
normalise = "minmax"                     # or { softmax = { t = 0.01 } }
"#;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fovea_distill::run::{RunFile, TeacherPlace};

    #[test]
    fn the_example_is_a_run_file() {
        let run: RunFile = toml::from_str(super::TEXT).unwrap();
        run.train.validate().unwrap();
        assert_eq!((run.train.terms.at.len(), run.student.factor), (1, Some(4)));
        assert!(matches!(run.teacher, Some(TeacherPlace::Targets(_))));
        let again: RunFile = toml::from_str(&toml::to_string(&run).unwrap()).unwrap();
        assert_eq!(again, run);
    }
}
