// Files are whole or not there, one process writes, what is served stays, and the oldest go first.
import Foundation
import Kernel
import Store
import Testing
import Units

@Suite struct SnapshotStoreTests {
    private func folder() throws -> String {
        let url = FileManager.default.temporaryDirectory.appending(
            path: "paceline-store-\(UUID().uuidString)")
        return url.path()
    }

    private func names(_ store: SnapshotStore) throws -> [String] {
        try Kernel.entries(of: "\(store.directory)/snapshots")
    }

    @Test func whatIsKeptIsMapped() throws {
        let store = try SnapshotStore(folder())
        defer { try? FileManager.default.removeItem(atPath: store.directory) }
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let file = try store.keep(bytes, as: "a")
        #expect(file.holds(bytes) && UInt(bitPattern: file.bytes.baseAddress) % 64 == 0)
        // Another content takes the name; who has the former one mapped goes on with it.
        let other = try store.keep([1, 2, 3], as: "a")
        #expect(file.holds(bytes) && other.holds([1, 2, 3]))
        #expect(try names(store) == ["a.snapshot"])
        #expect(try store.keep([], as: "empty").bytes.count == 0)
    }

    @Test func theSameIsNotWrittenAgain() throws {
        let store = try SnapshotStore(folder())
        defer { try? FileManager.default.removeItem(atPath: store.directory) }
        _ = try store.keep([1, 2, 3], as: "a")
        let first = try Kernel.stamp(of: store.path(of: "a"))
        _ = try store.keep([1, 2, 3], as: "a")
        #expect(try Kernel.stamp(of: store.path(of: "a")) == first)
    }

    @Test func oneProcessHasIt() throws {
        let store = try SnapshotStore(folder())
        defer { try? FileManager.default.removeItem(atPath: store.directory) }
        #expect(throws: FileFailure.self) { try SnapshotStore(store.directory) }
    }

    @Test func whatWasServedIsKnownAgain() throws {
        let store = try SnapshotStore(folder())
        defer { try? FileManager.default.removeItem(atPath: store.directory) }
        #expect(store.current == nil)
        let wanted = SnapshotStore.Current(name: "0123456789abcdef", source: "/a path/with blanks")
        _ = try store.keep([1], as: wanted.name)
        try store.serve(wanted)
        #expect(store.current == wanted)
        for broken in ["", "\n\n", "../../etc/passwd\n/x\n", "half"] {
            try Kernel.replace("\(store.directory)/current", with: Array(broken.utf8))
            #expect(store.current == nil, "\(broken)")
        }
    }

    @Test func theOldestGoFirstAndTheServedOneStays() throws {
        let store = try SnapshotStore(folder())
        defer { try? FileManager.default.removeItem(atPath: store.directory) }
        for (age, name) in ["served", "oldest", "older", "old"].enumerated() {
            _ = try store.keep([UInt8](repeating: 0, count: 100), as: name)
            let date = Date(timeIntervalSince1970: 1_000 + Double(age))
            try FileManager.default.setAttributes(
                [.modificationDate: date], ofItemAtPath: store.path(of: name))
        }
        try Kernel.replace("\(store.directory)/current", with: Array("served\n/x\n".utf8))
        func prune(_ second: Int64, _ bytes: Int) throws -> [Int] {
            let (aged, crowded) = try store.prune(
                servedBefore: Instant(nanoseconds: second * 1_000_000_000), bytes: bytes)
            return [aged, crowded]
        }
        #expect(try prune(1_001, 400) == [0, 0])
        #expect(try prune(1_002, 400) == [1, 0])
        #expect(try names(store) == ["old.snapshot", "older.snapshot", "served.snapshot"])
        #expect(try prune(0, 299) == [0, 1])
        #expect(try names(store) == ["old.snapshot", "served.snapshot"])
        #expect(try prune(.max / 1_000_000_000, 0) == [1, 0])
        #expect(try names(store) == ["served.snapshot"])
    }

    @Test func aFullDiskLeavesWhatWasThere() throws {
        let store = try SnapshotStore(folder())
        defer { try? FileManager.default.removeItem(atPath: store.directory) }
        _ = try store.keep([1, 2, 3], as: "a")
        Faults.inject(Fault(.write, .fail(.noSpace)))
        defer { Faults.clear() }
        #expect(throws: FileFailure.self) { try store.keep([4, 5, 6], as: "a") }
        #expect(try MappedFile(store.path(of: "a")).holds([1, 2, 3]))
        #expect(try names(store) == ["a.snapshot"])
    }
}
