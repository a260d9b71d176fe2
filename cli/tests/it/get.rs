//! `kubelock get`: lists of locks.

mod many;
