//! Serves an invented game, *Duel* (`core/examples/toy_game.rs`), as any game is served: TLS, store, metrics, pages,
//! trace, backup.
//!
//! ```sh
//! cargo run -p mmcos-smol --example duel -- --http 8080 --https 8443 &
//! curl 'http://localhost:8080/duel?ann' & curl 'http://localhost:8080/duel?bob'
//! ```

use std::process::ExitCode;

#[path = "../../core/examples/toy_game.rs"]
#[expect(dead_code, reason = "the example's own main is not called")]
mod toy_game;

fn main() -> ExitCode {
    mmcos_smol::main::<toy_game::Duel>()
}
