//! The proxy shown against moto, with the real `aws` CLI wherever an answer's form matters.

mod ecs;
mod faults;
mod rds;
