//! `aegis rotate-key`: with a person at a terminal, without one, and after whatever ended it.
mod crash;
mod ends;
mod fixture;
mod guided;
mod interrupted;
mod refused;
mod resume;
mod running;
mod unattended;
