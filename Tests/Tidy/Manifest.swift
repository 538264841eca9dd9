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
        let code = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.firstRange(of: "//").map { String(line[..<$0.lowerBound]) } ?? String(line) }
            .joined(separator: "\n")
        let declared =
            /(func )?(\bcore|\bedge|\bapp|\btests|\.target|\.executableTarget|\.testTarget|\.systemLibrary)\(/
        targets = code.matches(of: declared).compactMap { match in
            match.output.1 == nil
                ? Self.target(String(match.output.2), balanced(code[match.range.upperBound...])) : nil
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
private func balanced(_ text: Substring) -> Substring {
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
