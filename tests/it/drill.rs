//! The drill cloud: its wire against AWS's own clients, and its server.

mod serve;
mod wire;
