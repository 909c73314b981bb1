//! The binary `cognate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cognate_server::run()
}
