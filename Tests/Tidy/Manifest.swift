// The targets of Package.swift, read from its text. It knows the manifest's own helpers (`core`, `edge`,
// `app`, `tests`) and SwiftPM's declarations; a folder under Sources that it does not find is itself a
// finding.

struct Target: Equatable {
    enum Kind: Equatable { case library, executable, tests, system }

    var name: String
    var kind: Kind
    var path: String
    var dependencies: [String]

    /// Core, Edge, Apps, System, Simulation or Tests.
    var layer: String {
        let parts = path.split(separator: "/")
        return parts.first == "Sources" && parts.count > 1 ? String(parts[1]) : String(parts.first ?? "")
    }
}

struct Manifest {
    var targets: [Target]

    func target(_ name: String) -> Target? { targets.first { $0.name == name } }

    init(_ text: String) {
        let code = Self.code(text)
        let declared =
            /(func )?(\bcore|\bedge|\bapp|\btests|\.target|\.executableTarget|\.testTarget|\.systemLibrary)\(/
        targets = code.matches(of: declared).compactMap { match in
            match.output.1 == nil
                ? Self.target(String(match.output.2), balanced(code[match.range.upperBound...])) : nil
        }
    }

    private static func code(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.firstRange(of: "//").map { String(line[..<$0.lowerBound]) } ?? String(line) }
            .joined(separator: "\n")
    }

    /// What in a manifest this reader cannot see: targets and dependencies that an expression makes.
    static func unreadable(_ text: String) -> [Untidy] {
        let code = Self.code(text)
        var found: [Untidy] = []
        func refuse(_ what: String) { found.append(Untidy("Package.swift", what)) }

        guard let opening = code.firstRange(of: "let package = Package(") else {
            return [Untidy("Package.swift", "there is no `let package = Package(…)`")]
        }
        let package = balanced(code[opening.upperBound...])
        // Behind it nothing may be added to the package.
        if !code[package.endIndex...].dropFirst().allSatisfy(\.isWhitespace) {
            refuse("something follows the package: all of it stands in one expression")
        }
        let list = /\btargets:\s*\[(?!\s*")/
        if let start = package.matches(of: list).last?.range.upperBound {
            var rest = package[start...].drop(while: \.isWhitespace)
            let call = /^(core|edge|app|tests|\.target|\.executableTarget|\.testTarget|\.systemLibrary)\(/
            while let match = rest.firstMatch(of: call) {
                let arguments = balanced(rest[match.range.upperBound...])
                if !isLiteral(String(match.output.1), arguments) {
                    let shown = arguments.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(
                        60)
                    refuse("\(match.output.1)(\(shown)…): names and dependencies are literals")
                }
                rest = rest[arguments.endIndex...].dropFirst()
                rest = rest.drop { $0.isWhitespace || $0 == "," }
            }
            var behind = rest.dropFirst()
            // It only takes tests away that a part of `./dev test` does not run.
            if behind.hasPrefix(".filter(isWanted)") { behind = behind.dropFirst(".filter(isWanted)".count) }
            let end = behind.drop(while: \.isWhitespace).first
            if rest.first != "]" || !(end == nil || end == ",") {
                refuse("`targets:` is one list of targets, each written out: \(rest.prefix(60))")
            }
        } else {
            refuse("`targets:` is no list")
        }
        // Functions of the manifest hand dependencies on as they are.
        for match in code.matches(
            of: /\bdependencies:\s*(dependencies\s*[^,)\s]|[^\[\s d]|d(?!ependencies\b))/)
        {
            refuse("dependencies are a list or `dependencies`, not an expression: \(match.output.0)")
        }
        return found
    }

    /// Whether the arguments of a call that makes a target hold nothing but literals where it matters.
    private static func isLiteral(_ call: String, _ arguments: Substring) -> Bool {
        let short = /^\s*"[\w-]+"(?:\s*,\s*in:\s*"\w+")?(?:\s*,\s*\[(?:\s*"[\w-]+"\s*,?)*\s*\])?\s*,?\s*$/
        guard call.hasPrefix(".") else { return arguments.wholeMatch(of: short) != nil }
        guard arguments.firstMatch(of: /^\s*name:\s*"[\w-]+"\s*(?:,|$)/) != nil else { return false }
        let labelled = [
            ("path:", /^\s*"[\w\/-]+"\s*(?:,|$)/),
            ("dependencies:", /^\s*\[(?:\s*"[\w-]+"\s*,?)*\s*\]\s*(?:,|$)/),
        ]
        return labelled.allSatisfy { label, value in
            arguments.ranges(of: label).allSatisfy {
                arguments[$0.upperBound...].firstMatch(of: value) != nil
            }
        }
    }

    /// A call's name and arguments, as a target; nil where the name is no literal (inside the helpers).
    private static func target(_ call: String, _ arguments: Substring) -> Target? {
        let labelled = call.hasPrefix(".")
        let first = labelled ? /^\s*name:\s*"([^"]+)"/ : /^\s*"([^"]+)"/
        guard let name = arguments.firstMatch(of: first).map({ String($0.output.1) }) else { return nil }
        let list = arguments.firstMatch(of: labelled ? /dependencies:\s*\[([^\]]*)\]/ : /\[([^\]]*)\]/)
        let dependencies = list.map { $0.output.1.matches(of: /"([^"]+)"/).map { String($0.output.1) } } ?? []
        let path = arguments.firstMatch(of: /path:\s*"([^"]+)"/).map { String($0.output.1) }
        let folder = arguments.firstMatch(of: /in:\s*"([^"]+)"/).map { String($0.output.1) } ?? ""
        let (kind, usual): (Target.Kind, String) =
            switch call {
            case "core": (.library, "Sources/Core/\(name)")
            case "edge": (.library, "Sources/Edge/\(name)")
            case "app": (.executable, "Sources/Apps/\(name)")
            case "tests": (.tests, "Tests/\(folder)/\(name)")
            case ".testTarget": (.tests, "Tests/\(name)")
            case ".executableTarget": (.executable, "Sources/\(name)")
            case ".systemLibrary": (.system, "Sources/\(name)")
            default: (.library, "Sources/\(name)")
            }
        return Target(name: name, kind: kind, path: path ?? usual, dependencies: dependencies)
    }
}

/// Up to the parenthesis that closes the one just opened.
func balanced(_ text: Substring) -> Substring {
    var depth = 1
    for index in text.indices {
        switch text[index] {
        case "(": depth += 1
        case ")": depth -= 1
        default: break
        }
        if depth == 0 { return text[..<index] }
    }
    return text
}
