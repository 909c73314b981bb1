//! The binary `cognate`.

use std::process::ExitCode;

/// A request is a few hundred small allocations, made on one thread and freed on another: what
/// mimalloc is good at (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cognate_server::run()
}
