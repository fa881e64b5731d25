//! The `ripcord` binary: hands its arguments to the command line and exits with the documented code.

fn main() {}
