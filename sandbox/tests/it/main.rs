//! The sandbox beside a real API server.
