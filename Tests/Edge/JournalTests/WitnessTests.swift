// What this boot of the machine knows of a journal: an older copy of it is refused, and nothing else is.
import Foundation
import Journal
import Kernel
import Reactor
import Testing
import Units

@Suite(.serialized)
struct WitnessTests {
    /// Records made durable by one start; answers what the journal's directory was then.
    private func write(_ folder: JournalFolder, _ texts: [String]) throws -> URL {
        let bench = try Bench(folder, .automatic) { $0.witnesses = folder.url.path() }
        for text in texts { bench.append(text) }
        try bench.close()
        let copy = folder.url.appending(path: "copy-\(UUID().uuidString)")
        try FileManager.default.copyItem(atPath: folder.path, toPath: copy.path())
        return copy
    }

    private func check(_ folder: JournalFolder) throws(JournalFailure) {
        try JournalWitness.check("journal", in: folder.url.path(), by: folder.url.path())
    }

    private func put(_ copy: URL, in folder: JournalFolder) throws {
        try FileManager.default.removeItem(atPath: folder.path)
        try FileManager.default.copyItem(at: copy, to: URL(filePath: folder.path))
    }

    @Test func anOlderCopyIsRefused() throws {
        let folder = try JournalFolder()
        // There is none yet.
        try check(folder)
        let first = try write(folder, ["one", "two"])
        try check(folder)
        let second = try write(folder, ["three"])
        try check(folder)
        try put(first, in: folder)
        let refusal = #expect(throws: JournalFailure.self) { try check(folder) }
        #expect(refusal?.description.contains("older copy") == true)
        #expect(refusal?.description.contains("since it booted") == true)
        // The newest one is the journal.
        try put(second, in: folder)
        try check(folder)
        _ = try write(folder, ["four"])
        // One that was taken away is none, and begins anew.
        try FileManager.default.removeItem(atPath: folder.path)
        try check(folder)
        _ = try write(folder, ["five"])
        try check(folder)
        // Behind a boot nobody knows.
        try FileManager.default.removeItem(at: folder.url.appending(path: "journal.witness"))
        try put(first, in: folder)
        try check(folder)
    }

    /// Killed between two records: what was durable is there, and more may be.
    @Test func aCrashIsNoCopy() throws {
        let folder = try JournalFolder()
        do {
            let bench = try Bench(folder, .automatic) { $0.witnesses = folder.url.path() }
            for number in 0..<50 { bench.append("record \(number)") }
            try bench.settleAll()
            bench.append("not durable")
        }
        try check(folder)
        let bench = try Bench(folder, .automatic) { $0.witnesses = folder.url.path() }
        try bench.close()
        try check(folder)
    }
}
