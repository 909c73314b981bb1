//! The binary `cognate`.

use std::process::ExitCode;

/// A request makes a few hundred small allocations on one thread and frees them on another, which
/// mimalloc does well (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cognate_server::run()
}
