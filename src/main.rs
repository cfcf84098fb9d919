//! The `lockkeeper` program: hands its arguments to the command line or to the action's door.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let code = match arguments.get(1) {
        Some(first) if first == "action" && arguments.len() == 2 => lockkeeper::action::run(),
        Some(_) | None => lockkeeper::cli::run(arguments),
    };
    ExitCode::from(code.number())
}
