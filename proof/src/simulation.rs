//! The library on the in-memory API, on virtual time, under faults that a seed decides.
