//! The example of another game on the same engine does what its page says.

#[path = "../examples/toy_game.rs"]
#[expect(dead_code, reason = "the example's own main is not called")]
mod toy_game;

#[test]
fn two_meet_and_one_waits_in_vain() {
    let told = toy_game::script();
    assert_eq!(
        told,
        [
            r#"1 reads "bob\n""#,
            r#"2 reads "ann\n""#,
            "log: ann meets bob",
            "keep that bob won",
            r#"2 reads "1\n""#,
            r#"1 reads "nobody came\n""#
        ]
    );
}
