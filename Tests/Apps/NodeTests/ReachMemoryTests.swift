// What a start knows of who came before it: up to the last moment of an end in order, and of the same address only.
import Foundation
import Ledger
import Telemetry
import Testing
import Units

@testable import Settings
@testable import paceline_node

@Suite struct ReachMemoryTests {
    private let log = Log(to: .descriptor(STDERR_FILENO, json: false), level: .error)

    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: (1_000 + seconds) * 1_000_000_000) }

    private func settings(_ folder: Folder, port: UInt16 = 1) throws -> NodeSettings {
        try FileManager.default.createDirectory(
            atPath: folder.path("state/journal"), withIntermediateDirectories: true)
        return NodeSettings.standalone(
            catalog: "/c", state: folder.path("state"), port: port, adminPort: 2, shards: 1)
    }

    @Test func anEndInOrderTellsOfTheLastWhoCame() throws {
        let folder = try Folder()
        let settings = try settings(folder)
        let memory = ReachMemory(settings, at: at(0), log)
        #expect(memory.age(at: at(1)) == .seconds(1), "nobody has come since the start")
        memory.note(at: at(1))
        memory.turn(at: at(1))
        #expect(memory.age(at: at(3)) == .seconds(2))
        memory.note(at: at(4))
        memory.turn(at: at(4))
        #expect(ReachMemory(settings, at: at(5), log).reach.last == at(1), "not with every one who comes")
        memory.note(at: at(5))
        memory.end(at: at(5))
        let next = ReachMemory(settings, at: at(6), log).reach
        #expect(next.since == at(1) && next.last == at(5))
    }

    @Test func anotherAddressWasReachedByNobody() throws {
        let folder = try Folder()
        let memory = ReachMemory(try settings(folder), at: at(0), log)
        memory.note(at: at(1))
        memory.end(at: at(1))
        #expect(ReachMemory(try settings(folder), at: at(2), log).reach.last == at(1))
        #expect(ReachMemory(try settings(folder, port: 3), at: at(2), log).reach.last == nil)
        // As the version before wrote it: of which address, nobody knows.
        try folder.write("\(at(1).nanoseconds) \(at(1).nanoseconds)\n", to: "state/journal/reach")
        #expect(ReachMemory(try settings(folder), at: at(2), log).reach.last == nil)
    }
}
