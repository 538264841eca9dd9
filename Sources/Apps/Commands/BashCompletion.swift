// Completion for bash: three tables made from the declarations, and one function that walks the words typed
// so far.

extension Command {
    /// A script to be sourced, or put under /usr/share/bash-completion/completions.
    public func bashCompletion() -> String {
        let leaves = walk(from: name)
        return """
            # bash completion of \(name). Made by: \(name) completion bash
            _\(functionName(name))() {
                local path='\(name)' option='' closed='' position=0 index word
                local current=${COMP_WORDS[COMP_CWORD]} words='' files=''
                COMPREPLY=()
                # bash takes '--name=value' for three words; the '=' says nothing that the name did not.
                for ((index = 1; index < COMP_CWORD; index++)); do
                    word=${COMP_WORDS[index]}
                    if [[ -n $option ]]; then
                        [[ $word == '=' ]] || option=''
                        continue
                    fi
                    case "${closed:+closed }$path $word" in
                        'closed '*) position=$((position + 1)) ;;
            \(leaves.flatMap(\.bashSteps).map { "            \($0)" }.joined(separator: "\n"))
                        *' --') closed=1 ;;
                        *' -') position=$((position + 1)) ;;
                        *' -'*) ;;
                        *) position=$((position + 1)) ;;
                    esac
                done
                [[ -n $option && $current == '=' ]] && current=''
                if [[ -n $option ]]; then
                    case "$path $option" in
            \(leaves.flatMap(\.bashValues).map { "            \($0)" }.joined(separator: "\n"))
                    esac
                elif [[ $current == -* && -z $closed ]]; then
                    case "$path" in
            \(leaves.map { "            \($0.bashOptions)" }.joined(separator: "\n"))
                    esac
                else
                    case "$path $position" in
            \(leaves.flatMap(\.bashPositions).map { "            \($0)" }.joined(separator: "\n"))
                    esac
                fi
                if [[ -n $files ]]; then
                    compopt -o filenames 2>/dev/null
                    mapfile -t COMPREPLY < <(compgen -f -- "$current")
                elif [[ -n $words ]]; then
                    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
                fi
            }
            complete -F _\(functionName(name)) \(name)

            """
    }
}

/// One command of the tree, with the path that leads to it.
struct PlacedCommand {
    let path: String
    let command: Command
    let isProgram: Bool

    /// The options that the grammar adds to those declared.
    var grammarOptions: [String] { isProgram ? ["--help", "--version"] : ["--help"] }

    /// What a word changes about where the next one stands.
    fileprivate var bashSteps: [String] {
        command.subcommands.map { "'\(path) \($0.name)') path='\(path) \($0.name)' ;;" }
            + command.options.filter { $0.role == .option }.map {
                "'\(path) \($0.spelling)') option='\($0.spelling)' ;;"
            }
    }

    fileprivate var bashValues: [String] {
        command.options.compactMap { option in
            option.completion.bash.map { "'\(path) \(option.spelling)') \($0) ;;" }
        }
    }

    fileprivate var bashOptions: String {
        "'\(path)') words='\((command.options.map(\.spelling) + grammarOptions).joined(separator: " "))' ;;"
    }

    fileprivate var bashPositions: [String] {
        let names = command.subcommands.map(\.name)
        if !names.isEmpty { return ["'\(path) 0') words='\(names.joined(separator: " "))' ;;"] }
        return command.arguments.enumerated().compactMap { index, argument in
            argument.completion.bash.map { "'\(path) '\(argument.repeats ? "*" : "\(index)")) \($0) ;;" }
        }
    }
}

extension Command {
    /// This command and all below it, each after the group that leads to it.
    func walk(from path: String, isProgram: Bool = true) -> [PlacedCommand] {
        [PlacedCommand(path: path, command: self, isProgram: isProgram)]
            + subcommands.flatMap { $0.walk(from: "\(path) \($0.name)", isProgram: false) }
    }
}

extension Candidates {
    fileprivate var bash: String? {
        switch self {
        case .nothing: nil
        case .files: "files=1"
        case .words(let words): "words='\(words.joined(separator: " "))'"
        }
    }
}

/// A path of command names as the name of a shell function.
func functionName(_ path: String) -> String {
    String(path.map { $0 == " " || $0 == "-" ? "_" : $0 })
}
