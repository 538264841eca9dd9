// One profile where it lies in the file: its head, and how its one writer and its readers keep out of each other's way.
import Synchronization

/// A view of a record's memory. An odd sequence says that it is being written.
struct ProfileRecord {
    private let start: UnsafeMutableRawPointer

    init(_ start: UnsafeMutableRawPointer) { self.start = start }

    var sequence: UnsafeMutablePointer<Atomic<UInt32>> {
        start.assumingMemoryBound(to: Atomic<UInt32>.self)
    }
    /// Changes that made it what it is.
    var version: UInt32 {
        get { start.load(fromByteOffset: 4, as: UInt32.self) }
        nonmutating set { start.storeBytes(of: newValue, toByteOffset: 4, as: UInt32.self) }
    }
    /// Of the profile's bytes, after its version.
    var sum: UInt32 {
        get { start.load(fromByteOffset: 8, as: UInt32.self) }
        nonmutating set { start.storeBytes(of: newValue, toByteOffset: 8, as: UInt32.self) }
    }
    /// The last second in which something was told of it.
    var told: UInt32 {
        get { start.load(fromByteOffset: 12, as: UInt32.self) }
        nonmutating set { start.storeBytes(of: newValue, toByteOffset: 12, as: UInt32.self) }
    }
    var key: UInt64 {
        get { start.load(fromByteOffset: 16, as: UInt64.self) }
        nonmutating set { start.storeBytes(of: newValue, toByteOffset: 16, as: UInt64.self) }
    }
    var profile: UnsafeMutableRawPointer { start + ProfileFileHead.recordHead }

    /// From here on readers look again.
    func begin() {
        let now = sequence.pointee.load(ordering: .relaxed)
        sequence.pointee.store(now | 1, ordering: .relaxed)
        atomicMemoryFence(ordering: .releasing)
    }

    func end() {
        let now = sequence.pointee.load(ordering: .relaxed)
        sequence.pointee.store(now &+ 1, ordering: .releasing)
    }

    /// Nothing is known, of whoever has the key.
    func clear(_ key: UInt64, bytes: Int) {
        self.key = key
        version = 0
        sum = 0
        told = 0
        profile.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    }
}
