// Profiles in a file: found again, whole under a writer, repaired after a crash, and bounded.
import Features
import Foundation
import Kernel
import Store
import Synchronization
import Testing
import Units

@Suite struct ProfileStoreTests {
    private let features: CompiledFeatures
    private let path = FileManager.default.temporaryDirectory.appending(
        path: "paceline-profiles-\(UUID().uuidString)"
    ).path()

    init() throws {
        features = try CompiledFeatures(
            reading: Array(
                """
                {"schema": "paceline/features/1", "name": "test", "version": 1, "features": [
                  {"name": "a", "entity": "user", "owner": "us"},
                  {"name": "b", "entity": "user", "owner": "us"},
                  {"name": "n", "entity": "user", "owner": "us", "aggregate": {"event": "e", "windowMinutes": 60}}
                ]}
                """.utf8))
    }

    /// Keys as they are: digests.
    private func digest(_ number: UInt64) -> UInt64 { CompiledFeatures.key("viewer \(number)") }

    private func store(bytesMost: Int = 1 << 20) throws -> ProfileStore {
        try ProfileStore(path, features, .user, bytesMost: bytesMost)
    }

    private func look(_ store: ProfileStore, _ key: UInt64, at now: UInt32 = 1_000) -> (
        version: UInt32?, values: [Float]
    ) {
        var room = [UInt8](repeating: 0, count: store.layout.bytes)
        let version = room.withUnsafeMutableBytes { store.copy(key, into: $0) }
        var values = [Float](repeating: 0, count: 3)
        var codes = [UInt8](repeating: 0, count: 3)
        var valueSpan = values.mutableSpan
        var codeSpan = codes.mutableSpan
        room.withUnsafeBytes {
            store.layout.hydrate(
                RawSpan(_unsafeBytes: $0), at: now, into: &valueSpan, codes: &codeSpan)
        }
        return (version, values)
    }

    @Test func whatWasToldIsThereAfterAStart() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let store = try self.store()
            for key in 1...100 as ClosedRange<UInt64> {
                #expect(
                    store.apply(.value(Float(key), of: 0, .user, key: digest(key), at: 900), toldAt: 950)
                        == .applied)
                #expect(
                    store.apply(.event(0, .user, key: digest(key), at: 950), toldAt: 950) == .applied)
            }
            #expect(throws: ProfileStoreFailure.self, "one process keeps the file") { try self.store() }
        }
        let store = try self.store()
        #expect(store.tally.profiles == 100 && store.tally.torn == 0)
        for key in 1...100 as ClosedRange<UInt64> {
            let found = look(store, digest(key))
            #expect(found.version == 2 && found.values[0] == Float(key) && found.values[2] == 1)
        }
        #expect(look(store, 77).version == nil)
        let other = try ProfileStore(reading: path, features, .user)
        #expect(look(other, digest(5)).values[0] == 5, "another process may look")
    }

    @Test func howFarAFeedWasReadIsKeptWithThem() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        func place(_ milliseconds: UInt64, _ sequence: UInt64) -> FeedPlace {
            FeedPlace(milliseconds: milliseconds, sequence: sequence)
        }
        try { () throws in
            let store = try self.store()
            #expect(store.fed == .start)
            for at in [place(5, 0), place(5, 1), place(9, 0), place(7, 3)] { store.noteFed(at) }
            #expect(store.fed == place(9, 0), "it only grows")
            _ = store.apply(.value(1, of: 0, .user, key: digest(1), at: 900), toldAt: 950)
        }()
        var bytes = try Data(contentsOf: URL(filePath: path))
        #expect(try store().fed == place(9, 0))
        // Of two notes one is always whole: whichever is torn, the other counts.
        for (at, left) in [(128, place(9, 0)), (192, place(5, 1))] {
            let former = bytes[at + 3]
            bytes[at + 3] ^= 0x40
            try bytes.write(to: URL(filePath: path))
            let found = try store().fed
            #expect(found == left || found == (at == 128 ? place(5, 1) : place(9, 0)))
            bytes[at + 3] = former
        }
        for at in [131, 195] { bytes[at] ^= 0x40 }
        try bytes.write(to: URL(filePath: path))
        let store = try self.store()
        #expect(store.fed == .start && look(store, digest(1)).values[0] == 1)
    }

    @Test func halfWrittenProfilesAreForgotten() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try { () throws in
            let store = try self.store()
            for key in 1...50 as ClosedRange<UInt64> {
                _ = store.apply(.value(Float(key), of: 0, .user, key: digest(key), at: 900), toldAt: 950)
            }
        }()
        // What a machine that lost its power may leave: a byte of some profile that is not what it was.
        var bytes = try Data(contentsOf: URL(filePath: path))
        let value = withUnsafeBytes(of: Float(7).bitPattern) { Data($0) }
        let at = try #require(bytes.range(of: value, in: 4096..<bytes.count)).lowerBound
        bytes[at] ^= 0x10
        try bytes.write(to: URL(filePath: path))
        let store = try self.store()
        #expect(store.tally.torn == 1 && store.tally.profiles == 49)
        #expect(look(store, digest(7)).version == nil && look(store, digest(8)).values[0] == 8)
        _ = store.apply(.value(3, of: 0, .user, key: digest(7), at: 901), toldAt: 950)
        #expect(look(store, digest(7)).values[0] == 3)
    }

    @Test func aFullStoreForgetsWhatWasToldOfLongestAgo() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        // Two sets of eight and their head.
        let store = try store(bytesMost: 4_096 * 2 + 16 * 192)
        var random = SplitMix64(state: 9)
        let keys = (0..<40).map { _ in random.next() | 1 }
        for (second, key) in keys.enumerated() {
            _ = store.apply(
                .value(Float(second), of: 0, .user, key: key, at: UInt32(second + 1)),
                toldAt: UInt32(second + 1))
        }
        #expect(store.tally.profiles == 16 && store.tally.forgotten == 24)
        let known = keys.filter { look(store, $0).version != nil }
        #expect(known.count == 16 && known.contains(keys[39]))
        #expect(
            store.apply(.value(1, of: 2, .user, key: 99, at: 50), toldAt: 50) == .unknown
                && store.tally.forgotten == 24, "nothing is forgotten for what changes nothing")
    }

    @Test func readersSeeWholeProfiles() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try store(bytesMost: 4_096 * 2 + 16 * 192)
        let isOver = Atomic<Bool>(false)
        let isReading = Atomic<Bool>(false)
        let torn = Atomic<Int>(0)
        let looked = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 2) { worker in
            var random = SplitMix64(state: UInt64(worker))
            if worker == 0 {
                while !isReading.load(ordering: .acquiring) {}
                // Both values of a profile are told as one number, and profiles push one another out.
                for round in 1...200_000 {
                    let key = random.next() % 40 + 1
                    for column in 0...1 {
                        _ = store.apply(
                            .value(Float(key), of: column, .user, key: key << 32 | key, at: UInt32(round)),
                            toldAt: UInt32(round))
                    }
                }
                isOver.store(true, ordering: .releasing)
            } else {
                while !isOver.load(ordering: .acquiring) {
                    isReading.store(true, ordering: .releasing)
                    let key = random.next() % 40 + 1
                    let found = self.look(store, key << 32 | key)
                    guard found.version != nil else { continue }
                    looked.add(1, ordering: .relaxed)
                    if found.values[0] != Float(key)
                        || !(found.values[1] == Float(key) || found.values[1].isNaN)
                    {
                        torn.add(1, ordering: .relaxed)
                    }
                }
            }
        }
        #expect(torn.load(ordering: .relaxed) == 0)
        #expect(looked.load(ordering: .relaxed) > 1_000)
    }

    @Test func filesThatAreNotProfilesAreRefused() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try { () throws in _ = try store() }()
        let whole = try Data(contentsOf: URL(filePath: path))
        func refusal(_ data: Data) throws -> String {
            try data.write(to: URL(filePath: path))
            do { _ = try store() } catch { return "\(error)" }
            return "taken"
        }
        #expect(try refusal(Data("hello".utf8)).contains("is not a file of profiles"))
        #expect(try refusal(whole.dropLast(64)).contains("and its head says"))
        var newer = whole
        newer[8] = 9
        #expect(try refusal(newer).contains("is of format 9"))
        var damaged = whole
        damaged[16] ^= 1
        #expect(try refusal(damaged).contains("damaged head"))
        var other = features.schema
        other.version = 2
        try whole.write(to: URL(filePath: path))
        let failure = #expect(throws: ProfileStoreFailure.self) {
            try ProfileStore(path, CompiledFeatures(other), .user, bytesMost: 1 << 20)
        }
        #expect(failure?.description.contains("of another schema") == true)
    }
}
