//! The kernel's tables: what follows from what, as sentences. Small runbooks through the real loader, every
//! fact through JSON; no disk, no tokio, no chance (that is `sim`).

mod calls;
mod conditions;
mod desk;
mod doubts;
mod eyes;
mod gates;
mod plans;
mod undoing;
