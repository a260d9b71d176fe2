//! What both servers do, in the words of an API client.

mod patch;
