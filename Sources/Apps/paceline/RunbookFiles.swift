// Where runbooks lie, and how commands read them.
import Commands
import Documents
import Kernel
import Operations

enum RunbookFiles {
    static let directory = Parameter.option(
        "directory", WordKind.file, default: "runbooks", "Where the runbooks are.")
    static let name = Parameter.argument("NAME", WordKind.file, "An alert's name, or a procedure's.")

    /// A page that takes longer to read than a night has.
    private static let limitBytes = 256 << 10

    static func names(in directory: String) throws(Failure) -> [String] {
        do {
            return try Kernel.entries(of: directory).filter { $0.hasSuffix(".md") && $0 != "README.md" }
                .map { String($0.dropLast(3)) }.sorted()
        } catch {
            throw Failure(
                "\(directory): no runbooks could be listed there: \(error); run it at the root, or give --directory"
            )
        }
    }

    static func all(in directory: String) throws(Failure) -> [Runbook] {
        var found: [Runbook] = []
        for name in try names(in: directory) { found.append(try read(name, in: directory)) }
        return found
    }

    static func named(_ name: String, in directory: String) throws(Failure) -> Runbook {
        let known = try names(in: directory)
        guard known.contains(name) else {
            let nearest = nearestName(to: name, among: known)
            throw Failure(
                "there is no runbook '\(name)' in \(directory)"
                    + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
        }
        return try read(name, in: directory)
    }

    private static func read(_ name: String, in directory: String) throws(Failure) -> Runbook {
        let bytes = try InputFile.read("\(directory)/\(name).md", limit: limitBytes)
        return Runbook(name, String(decoding: bytes, as: UTF8.self))
    }
}
