// `paceline completion`: the script by which a shell completes all the others.
import Commands

enum Completion {
    enum Shell: String, CaseIterable { case bash, zsh }

    static let shell = Parameter.argument(
        "SHELL", WordKind<Shell>.choice("SHELL"), "The shell to complete in.")

    static let command = Command(
        "completion", "Prints a script that completes this command in a shell.",
        discussion: """
            For bash, source it from ~/.bashrc. For zsh, source it from ~/.zshrc after compinit, or save it as
            _paceline in a folder of your fpath.
            """,
        parameters: [shell],
        examples: [
            Example("source <(paceline completion bash)", "Complete in this bash session."),
            Example("paceline completion zsh > _paceline", "Write the file that zsh finds on its fpath."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        let root = Paceline.program.root
        switch call[shell] {
        case .bash: output.write(root.bashCompletion())
        case .zsh: output.write(root.zshCompletion())
        }
        return .ok
    }
}
