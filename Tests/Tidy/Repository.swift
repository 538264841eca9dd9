// The repository as the tidy test sees it: every committed text file with its path, and nothing that was
// built.
import Foundation

struct File {
    /// From the repository's root, with slashes.
    let path: String
    let text: String
    /// Of Swift and C, without comments and without what stands in strings.
    let code: String

    init(path: String, text: String) {
        self.path = path
        self.text = text
        code = File.compiled.contains { path.hasSuffix(".\($0)") } ? codeOnly(text) : text
    }

    /// The endings of what a compiler reads.
    static let compiled = ["swift", "c", "h", "cpp", "cc", "cxx", "hpp", "hh", "m"]

    var isCompiled: Bool { File.compiled.contains(ending) }
    var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The folder layers and the file's own name.
    var parts: [Substring] { path.split(separator: "/") }
    var name: String { parts.last.map(String.init) ?? path }
    var ending: String { name.contains(".") ? String(name.split(separator: ".").last ?? "") : "" }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
}

/// One thing that is wrong, said so that the reader knows what to change.
struct Untidy: Hashable, CustomStringConvertible {
    let path: String
    let line: Int?
    let what: String

    init(_ path: String, line: Int? = nil, _ what: String) {
        self.path = path
        self.line = line
        self.what = what
    }

    var description: String { "\(path)\(line.map { ":\($0)" } ?? ""): \(what)" }
}

enum Repository {
    /// Two folders above this file.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Built, fetched or generated: not written here.
    static let skipped: Set<String> = [".git", ".swiftpm", "__pycache__", "result", ".terraform"]

    /// Every file that is UTF-8. What is not (a fuzzer's corpus, say) has no lines to judge.
    static let files: [File] = {
        var found: [File] = []
        let base = root.path.count + 1
        let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey])
        while let url = walk?.nextObject() as? URL {
            if skipped.contains(url.lastPathComponent) || url.lastPathComponent.hasPrefix(".build") {
                walk?.skipDescendants()
                continue
            }
            guard (try? url.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true,
                let data = try? Data(contentsOf: url), let text = String(data: data, encoding: .utf8)
            else { continue }
            found.append(File(path: String(url.path.dropFirst(base)), text: text))
        }
        return found.sorted { $0.path < $1.path }
    }()

    static func file(_ path: String) -> File? { files.first { $0.path == path } }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    /// Runs a command in the root without input; true where it ended with status 0.
    static func succeeds(_ executable: URL, _ arguments: [String]) throws -> Bool {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = root
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationReason == .exit && process.terminationStatus == 0
    }

    /// The folder of the products that were built together with this test.
    static var products: URL {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") }
        return bundle.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
            ?? root.appendingPathComponent(".build/debug")
    }
}
