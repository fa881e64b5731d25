//! From the start of the process to the first frame of the console, in a real terminal.

use std::io::Read as _;
use std::time::Instant;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::{Figures, Times};

pub fn run(figures: &mut Figures) {
    let state = tempfile::tempdir().unwrap();
    let mut times: Vec<f64> = (0..15).map(|_| first_frame(state.path())).collect();
    times.remove(0);
    times.sort_by(f64::total_cmp);
    figures.add("process start to first frame", &Times(times), 0.9, 30.0);
}

fn first_frame(state: &std::path::Path) -> f64 {
    let pty = native_pty_system()
        .openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 })
        .unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ripcord"));
    command.env_clear();
    for (name, value) in [
        ("TERM", "xterm-256color"),
        ("LANG", "C.UTF-8"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        command.env(name, value);
    }
    command.env("RIPCORD_STATE_DIR", state);
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    let mut reader = pty.master.try_clone_reader().unwrap();
    let start = Instant::now();
    let mut child = pty.slave.spawn_command(command).unwrap();
    let mut seen = Vec::new();
    let mut chunk = [0_u8; 4096];
    while !String::from_utf8_lossy(&seen).contains("ecs-rds") {
        let n = reader.read(&mut chunk).unwrap_or(0);
        assert!(n > 0, "the console ended: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&chunk[..n]);
    }
    let elapsed = start.elapsed().as_secs_f64() * 1000.0;
    child.kill().unwrap();
    child.wait().unwrap();
    elapsed
}
