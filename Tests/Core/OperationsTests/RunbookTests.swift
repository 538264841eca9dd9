// Commands are found in shell as a shell would find them, and each thing that may be wrong with a runbook is caught.
import Operations
import Testing

private struct Piece: Sendable, CustomTestStringConvertible {
    let script: String
    let commands: [String]
    var testDescription: String { script }
}

private let good = """
    # NodeDown

    ## What it means

    It is down.

    ## Impact

    None.

    ## Check

    Which it is:

    ```sh
    NODE=$(promtool query instant http://x up | head -n 1)
    ```

    ## Decide

    See [README](README.md).

    ## Act

    Ask it:

    ```sh
    paceline status "http://$NODE"
    ```

    ## Undo

    Nothing.

    ## Escalate

    Nobody.

    ## Afterwards

    Nothing.
    """

@Suite struct RunbookTests {
    @Test(arguments: [
        Piece(script: "a b | c 'd e' && f; g &", commands: ["a b", "c d e", "f", "g"]),
        Piece(script: #"A=$(b "$(c d)") e"#, commands: ["c d", "b _", "e"]),
        Piece(script: "if a; then b; else c; fi", commands: ["a", "b", "c"]),
        Piece(script: "for A in b c; do d $A; done", commands: ["d _"]),
        Piece(script: "a > b 2>&1 < c", commands: ["a"]),
        Piece(script: "a # b\nc", commands: ["a", "c"]),
        Piece(script: "a \\\n  b", commands: ["a b"]),
        Piece(script: "diff <(a b) c", commands: ["a b", "diff _ c"]),
        Piece(script: "A=${A:-$(b c)}", commands: ["b c"]),
        Piece(script: "a $((B / 2)) c", commands: ["a _ c"]),
        Piece(script: "[ -n \"${A:-}\" ] || read -r A", commands: ["[ -n _ ]", "read -r A"]),
    ])
    fileprivate func commandsAreFound(_ piece: Piece) {
        let found = ShellScan(piece.script).commands.map { command in
            command.map(\.text).joined(separator: " ").replacing("\(ShellScan.unknown)", with: "_")
        }
        #expect(found == piece.commands)
    }

    @Test func variablesAreSetBeforeTheyAreUsed() {
        let scan = ShellScan("AB=1\necho $AB $CD ${EF:-x} $lower\nread -r -p 'q' GH\necho $GH")
        #expect(scan.needed == ["CD"])
        #expect(scan.assigned == ["AB", "GH"])
    }

    @Test func whatIsAskedOfPrometheusIsFound() {
        let text = good.replacing(
            "instant http://x up", with: "instant \"$P\" \"up{region=\\\"$R\\\"} == 0\"")
        #expect(Runbook("NodeDown", text).queries.map(\.text) == ["up{region=\"\u{1}\"} == 0"])
    }

    @Test func stepsAndLinksAreRead() {
        let runbook = Runbook("NodeDown", good)
        #expect(runbook.title == "NodeDown")
        #expect(runbook.opening == "It is down.")
        #expect(runbook.headings.map(\.text) == Runbook.sections)
        #expect(runbook.steps.map(\.section) == ["Check", "Act"])
        #expect(runbook.steps.map(\.saying) == ["Which it is:", "Ask it:"])
        #expect(runbook.links.map(\.target) == ["README.md"])
        #expect(problems(good) == [])
    }

    @Test(arguments: [
        ("## Undo", "## Undone", "its sections are not"), ("# NodeDown", "# NodeUp", "its title is not"),
        ("None.", "TODO", "is not done"), ("(README.md)", "(NOWHERE.md)", "NOWHERE.md is not there"),
        ("Ask it:\n\n", "", "no sentence says"), ("NODE=$(", "HOST=$(", "$NODE is used before"),
        ("paceline status", "paceline stat", "refused: stat"),
        ("head -n 1", "haed -n 1", "haed is no program"),
        ("paceline status \"http://$NODE\"", "ssh h 'sudo paceline nothing'", "refused: nothing"),
        ("```sh\npaceline status \"http://$NODE\"\n```", "Nothing.", "nothing can be run under Act"),
    ])
    func mistakesAreCaught(_ old: String, _ new: String, _ says: String) {
        let found = problems(good.replacing(old, with: new))
        #expect(found.contains { $0.contains(says) }, "\(found)")
    }

    @Test func alertsAndRunbooksAreHeldTogether() {
        let check = RunbookCheck(alerts: ["NodeDown", "Other"], refusal: { _ in nil }, exists: { _ in true })
        let runbooks = [
            Runbook("NodeDown", good), Runbook("Third", good.replacing("# NodeDown", with: "# Third")),
        ]
        #expect(
            check.problems(of: runbooks).map(\.description)
                == ["Other.md: the alert has no runbook", "Third.md: there is no such alert"])
    }

    @Test func whatOnlyAShellKnowsIsTriedWithAValueOfEachKind() {
        // Takes a number behind --n and an address at the end.
        func refusal(_ words: [String]) -> String? {
            words.count == 3 && Int(words[1]) != nil && words[2].hasPrefix("http://") ? nil : "no"
        }
        let check = RunbookCheck(alerts: ["NodeDown"], refusal: refusal, exists: { _ in true })
        let text = good.replacing("status \"http://$NODE\"", with: "--n \"$NODE\" \"$NODE\"")
        #expect(check.problems(of: [Runbook("NodeDown", text)]).isEmpty)
        #expect(!check.problems(of: [Runbook("NodeDown", text.replacing("--n ", with: ""))]).isEmpty)
    }

    private func problems(_ text: String) -> [String] {
        RunbookCheck(
            alerts: ["NodeDown"], refusal: { $0.first == "status" ? nil : "refused: \($0.first ?? "")" },
            exists: { $0 == "README.md" }
        ).problems(of: [Runbook("NodeDown", text)]).map(\.description)
    }
}
