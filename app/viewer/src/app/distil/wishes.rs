//! What a frame's widgets ask for.

use std::sync::Arc;

use fovea_student::Student;

/// One wish.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Begin a run.
    Start,
    /// Go on with a run that waits, failed, or is in its folder.
    Resume,
    /// Stop before the next step.
    Pause,
    /// Try again after a failure.
    Go,
    /// End the run.
    Cancel,
    /// Ask for the folder of a data set.
    PickFolder,
    /// Ask for a table, or for files.
    PickFiles,
    /// Ask for the Teacher.
    PickTeacher,
    /// Ask for the folder of the run.
    PickOut,
    /// Make this Student the window's model.
    Use(Arc<Student>),
    /// Save this Student file under this name.
    Export(String, Arc<[u8]>),
}

/// The wishes of one frame.
pub type Wishes = Vec<Wish>;
