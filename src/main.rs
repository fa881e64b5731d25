//! The `ripcord` binary: hands its arguments to the command line and exits with the documented code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ripcord::cli::main()
}
