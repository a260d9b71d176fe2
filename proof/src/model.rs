//! The decisions of the core, explored in all orders.
