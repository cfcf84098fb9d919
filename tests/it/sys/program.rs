//! Programs that are started: their end.

#![cfg(unix)]

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use lockkeeper::sys::program::{ProgramError, Run, Tool, run};

#[test]
fn what_a_program_started_ends_with_it_when_its_time_is_over() {
    let home = tempfile::tempdir().expect("a folder");
    let (program, pipe) = (home.path().join("npm"), home.path().join("pipe"));
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    // A child that is not ended writes a word after a while.
    std::fs::write(&program, "#!/bin/sh\n(sleep 20; echo alive) > pipe &\nsleep 20\n").expect("a file");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("rights");
    let streams = home.path().join("streams");
    std::fs::create_dir(&streams).expect("a folder");
    let (of_pipe, words) = (pipe.clone(), std::sync::mpsc::channel());
    let reader = std::thread::spawn(move || {
        let mut file = std::fs::File::open(of_pipe).expect("a pipe");
        // It is open: the child runs.
        words.0.send(()).expect("a word");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("text");
        text
    });
    let ran = run(&Run {
        tool: Tool::Npm,
        program: &program,
        arguments: &[],
        folder: home.path(),
        streams: &streams,
        environment: &[],
        at_most: Duration::from_secs(2),
    });
    assert!(matches!(ran, Err(ProgramError::TooLong(_))), "{ran:?}");
    words.1.recv().expect("the child ran");
    assert_eq!(reader.join().expect("an end"), "");
}
