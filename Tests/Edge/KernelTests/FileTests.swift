// Files: read whole within a limit, written at an offset, told apart without reading; and what a descriptor
// is.
import Foundation
import Testing

@testable import Kernel

@Suite(.serialized)
struct FileTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path() }

    @Test(arguments: [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 200_000])
    func readsWholeFilesWithinTheLimit(_ size: Int) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 2) }
        try Data(bytes).write(to: folder.appending(path: "file"))
        #expect(try Kernel.contents(of: path("file"), limit: size) == bytes)
        if size > 0 {
            #expect(throws: FileFailure.self) { try Kernel.contents(of: path("file"), limit: size - 1) }
        }
        // However little the kernel gives at a time.
        Faults.inject(Fault(.read, .short(999), times: 50))
        defer { Faults.clear() }
        #expect(try Kernel.contents(of: path("file"), limit: size) == bytes)
    }

    @Test func readsPipesAndStopsAtTheLimit() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let (near, far) = try Kernel.socketPair()
        defer { Kernel.close(near) }
        _ = Array("from a pipe".utf8).withUnsafeBytes { Kernel.write(far, $0) }
        Kernel.close(far)
        #expect(try Kernel.contents(of: near, limit: 11) == Array("from a pipe".utf8))
        do {
            _ = try Kernel.contents(of: "/dev/zero", limit: 100_000)
            Issue.record("a file without an end was read")
        } catch {
            #expect(
                error.cause == .tooLarge && "\(error)" == "/dev/zero: could not read the file: File too large"
            )
        }
    }

    @Test func saysWhyAFileCannotBeRead() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, cause) in [("gone", Errno(2)), ("", .isDirectory)] {
            do {
                _ = try Kernel.contents(of: path(name), limit: 10)
                Issue.record("'\(name)' was read")
            } catch {
                #expect(error.cause == cause && error.path == path(name))
            }
        }
        try Data([1]).write(to: folder.appending(path: "file"))
        Faults.inject(Fault(.read, .fail(.inputOutput), skipping: 1))
        defer { Faults.clear() }
        do {
            _ = try Kernel.contents(of: path("file"), limit: 10)
            Issue.record("read in spite of a failing disk")
        } catch {
            #expect(error.cause == .inputOutput)
        }
    }

    @Test func writesAtOffsetsAndInPieces() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try Kernel.open(path("file"), O_RDWR | O_CREAT)
        defer { Kernel.close(file) }
        Faults.inject(Fault(.write, .short(3)))
        Faults.inject(Fault(.write, .fail(.noSpace)))
        Faults.inject(Fault(.synchronise, .fail(.inputOutput)))
        defer { Faults.clear() }
        let bytes = Array("abcdef".utf8)
        let results = (0..<3).map { _ in bytes.withUnsafeBytes { Kernel.write(file, $0, at: 2) } }
        #expect(results == [3, -28, 6])
        #expect(Kernel.synchronise(file) == -5 && Kernel.synchronise(file) == 0)
        #expect(try Kernel.contents(of: path("file"), limit: 100) == [0, 0] + bytes)
    }

    @Test func stampsTellContentsApart() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data([1]).write(to: folder.appending(path: "file"))
        let first = try Kernel.stamp(of: path("file"))
        #expect(try Kernel.stamp(of: path("file")) == first)
        try Data([2]).write(to: folder.appending(path: "other"))
        #expect(rename(path("other"), path("file")) == 0)
        let second = try Kernel.stamp(of: path("file"))
        #expect(second != first && second.size == 1)
        #expect(throws: Errno(2)) { try Kernel.stamp(of: path("gone")) }
    }

    @Test func knowsWhatADescriptorIs() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let (near, far) = try Kernel.socketPair()
        let null = try Kernel.open("/dev/null", O_RDONLY)
        let file = try Kernel.open(path("file"), O_RDWR | O_CREAT)
        defer { for descriptor in [near, far, null, file] { Kernel.close(descriptor) } }
        #expect(try Kernel.stamp(of: near).kind == .socket)
        #expect(try Kernel.stamp(of: null).kind == .device)
        #expect(try Kernel.stamp(of: file).kind == .file)
        #expect(!Kernel.isTerminal(null))
        #expect(try Kernel.entryCount(of: folder.path()) == 1)
        #expect(throws: Errno(2)) { try Kernel.entryCount(of: path("gone")) }
    }
}
