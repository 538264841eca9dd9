// Completion in the shells themselves: what is typed, and what they offer.
import Commands
import Testing

@testable import paceline

private struct Typed: Sendable {
    let words: String
    let offered: Set<String>

    init(_ words: String, _ offered: Set<String>) {
        self.words = words
        self.offered = offered
    }
}

/// The folder holds the file "one two.json" and the folder "more".
private let cases = [
    Typed("paceline ", Set(Paceline.program.root.subcommands.map(\.name))),
    Typed("paceline check-c", ["check-config"]),
    Typed("paceline json ", ["check"]),
    Typed("paceline completion ", ["bash", "zsh"]),
    Typed("paceline completion z", ["zsh"]),
    Typed("paceline json check --u", ["--unique-keys"]),
    Typed("paceline json check --json --depth 3 o", ["one two.json"]),
    Typed("paceline check-config --schema ", ["broker", "node", "coordinator"]),
    Typed("paceline check-config --example n", ["node"]),
    Typed("paceline check-config m", ["more"]),
]

@Suite struct CompletionTests {
    private func scratch() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.write("{}", to: "one two.json")
        _ = try scratch.run("mkdir more")
        return scratch
    }

    @Test(.enabled(if: Scratch.has("bash"), "bash is not installed"))
    func bashOffersWhatCanFollow() throws {
        let scratch = try scratch()
        for typed in cases + [
            // bash hands the word --schema=n over in three parts.
            Typed("paceline check-config --schema = n", ["node"]), Typed("paceline json check -- --u", []),
            Typed("paceline completion zsh ", []), Typed("paceline nonsense ", []),
        ] {
            var words = typed.words.split(separator: " ").map { "'\($0)'" }
            if typed.words.hasSuffix(" ") { words.append("''") }
            let result = try scratch.run(
                """
                source <(paceline completion bash)
                COMP_WORDS=(\(words.joined(separator: " "))); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                $(complete -p paceline | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
                printf '%s\\n' "${COMPREPLY[@]}"
                """)
            #expect(result.errors.isEmpty)
            #expect(
                Set(result.output.split(separator: "\n").map(String.init)) == typed.offered, "\(typed.words)")
        }
    }

    /// The words are typed into an interactive zsh, which prints what it is given to offer.
    @Test(.enabled(if: Scratch.has("zsh"), "zsh is not installed"))
    func zshOffersWhatCanFollow() throws {
        let scratch = try scratch()
        try scratch.write(zshSession, to: ".session")
        let typed = cases.map { "'\($0.words)'" }.joined(separator: " ")
        let result = try scratch.run("zsh -f .session \(typed)")
        var offered: [String: Set<String>] = [:]
        var words = ""
        for line in result.output.split(separator: "\n") {
            if line.hasPrefix("typed:") {
                words = String(line.dropFirst(6))
                offered[words] = []
            } else {
                offered[words, default: []].insert(String(line.dropFirst(6)))
            }
        }
        for typed in cases { #expect(offered[typed.words] == typed.offered, "\(typed.words)") }
    }
}

private let zshSession = #"""
    # An interactive zsh on a terminal of its own; what it is given to offer comes out between two marks.
    zmodload zsh/zpty
    setup='
    PROMPT=; unsetopt zle_bracketed_paste 2>/dev/null; stty -echo 2>/dev/null
    autoload -Uz compinit; compinit -D -u
    source <(paceline completion zsh)
    compadd() {
        local arguments=${(j: :)@[1,(i)(-|--)]}
        if [[ $arguments == *-[a-zA-Z]#[OAD]\ * ]]; then builtin compadd "$@"; return; fi
        local -a offers; builtin compadd -O offers "$@"
        (( $#offers )) && printf "offer:%s\n" "${offers[@]}"
        builtin compadd "$@"
    }
    probe() { print; print begin; zle complete-word; print end; zle kill-whole-line }
    zle -N probe; bindkey "^I" probe
    print ready
    '
    zpty z zsh -f -i
    zpty -w z "$setup"
    read_until() { local chunk; text=; while zpty -r z chunk; do text+=$chunk; [[ $chunk == *$1* ]] && return; done }
    read_until $'ready\r'
    for typed in "$@"; do
        zpty -w -n z "$typed"$'\t'
        read_until $'end\r'
        print -r -- "typed:$typed"
        print -r -- "$text" | tr -d '\r' | sed -n 's/\\//g; s/^offer:/offer:/p'
    done
    zpty -d z
    """#
