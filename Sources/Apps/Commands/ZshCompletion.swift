// Completion for zsh: one function for each command, which says its declaration again in the words of
// `_arguments`.

extension Command {
    /// A script to be sourced after compinit, or put as `_paceline` on the fpath.
    public func zshCompletion() -> String {
        let function = "_\(functionName(name))"
        return """
            #compdef \(name)
            # zsh completion of \(name). Made by: \(name) completion zsh

            \(walk(from: name).map(\.zshFunction).joined(separator: "\n"))
            if [[ ${funcstack[1]} == \(function) ]]; then
                \(function) "$@"
            else
                compdef \(function) \(name)
            fi

            """
    }
}

extension PlacedCommand {
    fileprivate var zshFunction: String {
        """
        _\(functionName(path))() {
        \(command.subcommands.isEmpty ? zshLeaf : zshGroup)
        }

        """
    }

    private var zshLeaf: String {
        let specifications =
            zshOptions
            + command.arguments.enumerated().map { index, argument in
                let place = argument.repeats ? "*" : "\(index + 1)"
                let optional = argument.isRequired || argument.repeats ? ":" : "::"
                return quoted("\(place)\(optional)\(argument.name):\(argument.completion.zsh)")
            }
        return "    _arguments -s \\\n" + specifications.map { "        \($0)" }.joined(separator: " \\\n")
    }

    private var zshGroup: String {
        let names = command.subcommands.map { quoted("\($0.name):\(colonsEscaped($0.summary))") }
        let branches = command.subcommands.map {
            "                \($0.name)) _\(functionName("\(path) \($0.name)")) ;;"
        }
        return """
                local context state state_descr line
                typeset -A opt_args
                local -a names=(\(names.joined(separator: " ")))
                _arguments -C \(zshOptions.joined(separator: " ")) '1: :->name' '*:: :->rest'
                case $state in
                    name) _describe subcommand names ;;
                    rest)
                        case $line[1] in
            \(branches.joined(separator: "\n"))
                        esac ;;
                esac
            """
    }

    private var zshOptions: [String] {
        let declared = command.options.map { option in
            let about = "[\(bracketsEscaped(option.summary))]"
            return option.role == .flag
                ? quoted("\(option.spelling)\(about)")
                : quoted("\(option.spelling)=\(about):\(option.placeholder):\(option.completion.zsh)")
        }
        let help = "'(- *)'{-h,--help}'[Print the help page]'"
        return declared + [help] + (isProgram ? ["'(- *)--version[Print the version]'"] : [])
    }
}

extension Candidates {
    fileprivate var zsh: String {
        switch self {
        case .nothing: " "
        case .files: "_files"
        case .words(let words): "(\(words.joined(separator: " ")))"
        }
    }
}

private func quoted(_ text: String) -> String {
    "'" + escaped(text, ["'"], by: "'\\'") + "'"
}

private func colonsEscaped(_ text: String) -> String { escaped(text, [":", "\\"], by: "\\") }

private func bracketsEscaped(_ text: String) -> String { escaped(text, ["[", "]", ":", "\\"], by: "\\") }

private func escaped(_ text: String, _ special: Set<Character>, by prefix: String) -> String {
    text.reduce(into: "") { $0 += special.contains($1) ? "\(prefix)\($1)" : "\($1)" }
}
