// Profiles of one entity in a file that is mapped: one thread writes, and any number read without a lock and without
// waiting for it.
public import Features
import CLinux
import Glibc
import Kernel
import Synchronization
import Units

/// The profiles of one kind of thing. A reader copies a profile and sees by its sequence whether it was whole; it tries
/// a few times, and never waits for a writer that the system has put aside.
///
/// A key may stand in either of two sets of eight. When both are full, the profile of the sixteen that was told of
/// longest ago is forgotten.
public final class ProfileStore: @unchecked Sendable {
    public let path: String
    public let layout: ProfileLayout
    let head: ProfileFileHead
    private let descriptor: Descriptor
    private let isWritable: Bool
    private let memory: UnsafeMutableRawBufferPointer
    private let start: UnsafeMutableRawPointer
    private let keys: UnsafeMutablePointer<Atomic<UInt64>>
    private let records: UnsafeMutableRawPointer
    private let setMask: UInt64
    public private(set) var tally = ProfileTally()

    /// Opens the file for the thread that keeps it, and makes it where it is missing. Fails where another process
    /// keeps it, where the disk has no room, or where the file is not what the schema says.
    public convenience init(
        _ path: String, _ features: CompiledFeatures, _ entity: FeatureEntity, bytesMost: Int
    )
        throws(ProfileStoreFailure)
    {
        guard let wanted = ProfileFileHead(features, entity, bytesMost: bytesMost) else {
            throw ProfileStoreFailure(path, .noRoom(bytesMost))
        }
        let descriptor: Descriptor
        do throws(Errno) {
            descriptor = try Kernel.open(path, O_RDWR | O_CREAT)
            try Kernel.lock(descriptor)
            if try Kernel.size(of: descriptor) == 0 {
                let result = Kernel.allocate(descriptor, bytes: wanted.fileBytes)
                if result < 0 { throw Errno(Int32(-result)) }
                let first = try Kernel.mapShared(descriptor, bytes: ProfileFileHead.bytes, isWritable: true)
                wanted.write(to: first)
                Kernel.unmap(UnsafeRawBufferPointer(first))
            }
        } catch {
            throw ProfileStoreFailure(path, doing: "open and keep the profiles", error)
        }
        try self.init(path, descriptor, features, entity, isWritable: true)
        repair()
    }

    /// Opens the file for looking only; another process may be keeping it.
    public convenience init(reading path: String, _ features: CompiledFeatures, _ entity: FeatureEntity)
        throws(ProfileStoreFailure)
    {
        let descriptor: Descriptor
        do {
            descriptor = try Kernel.open(path, O_RDONLY)
        } catch {
            throw ProfileStoreFailure(path, doing: "open the profiles", error)
        }
        try self.init(path, descriptor, features, entity, isWritable: false)
    }

    private init(
        _ path: String, _ descriptor: Descriptor, _ features: CompiledFeatures, _ entity: FeatureEntity,
        isWritable: Bool
    ) throws(ProfileStoreFailure) {
        let mapped: UnsafeMutableRawBufferPointer
        let start: UnsafeMutableRawPointer
        do throws(Errno) {
            mapped = try Kernel.mapShared(
                descriptor, bytes: Kernel.size(of: descriptor), isWritable: isWritable)
            guard let address = mapped.baseAddress else { throw Errno(ENODATA) }
            start = address
        } catch {
            Kernel.close(descriptor)
            throw ProfileStoreFailure(path, doing: "map the profiles", error)
        }
        do throws(ProfileFileError) {
            head = try ProfileFileHead(reading: UnsafeRawBufferPointer(mapped))
            guard head.entity == entity, head.fingerprint == features.fingerprint,
                head.profileBytes == features.layout(of: entity).bytes
            else { throw ProfileFileError.otherSchema }
        } catch {
            Kernel.unmap(UnsafeRawBufferPointer(mapped))
            Kernel.close(descriptor)
            throw ProfileStoreFailure(path, error)
        }
        self.path = path
        self.descriptor = descriptor
        self.isWritable = isWritable
        (memory, self.start) = (mapped, start)
        layout = features.layout(of: entity)
        keys = (start + head.keysStart).bindMemory(to: Atomic<UInt64>.self, capacity: head.slots)
        records = start + head.recordsStart
        setMask = UInt64(head.slots / ProfileFileHead.ways - 1)
    }

    deinit {
        Kernel.unmap(UnsafeRawBufferPointer(memory))
        Kernel.close(descriptor)
    }

    // MARK: Reading

    /// How often a reader looks again at a profile that changes under it. A change takes less than a microsecond.
    private static let looksMost = 64

    /// Brings what finding a key needs into the cache, for who asks about many: first this for each, then
    /// `prefetchProfile`, then `copy`.
    @inline(__always)
    public func prefetchSearch(_ key: UInt64) {
        linux_prefetch(keys + first(of: key))
        linux_prefetch(keys + second(of: key))
    }

    @inline(__always)
    public func prefetchProfile(_ key: UInt64) {
        guard let slot = find(key) else { return }
        let record = records + slot * head.stride
        for offset in Swift.stride(from: 0, to: head.stride, by: ProfileFileHead.line) {
            linux_prefetch(record + offset)
        }
    }

    /// Copies a profile as it was at one moment, and tells how many changes had made it. Nil where nothing is known of
    /// the key, or where it changed each time that it was looked at.
    public func copy(_ key: UInt64, into room: UnsafeMutableRawBufferPointer) -> UInt32? {
        precondition(room.count == layout.bytes, "room of another layout")
        guard let slot = find(key) else { return nil }
        let record = ProfileRecord(records + slot * head.stride)
        for _ in 0..<Self.looksMost {
            let before = record.sequence.pointee.load(ordering: .acquiring)
            guard before & 1 == 0 else { continue }
            let (version, holder) = (record.version, record.key)
            room.copyMemory(
                from: UnsafeRawBufferPointer(start: record.profile, count: layout.bytes))
            atomicMemoryFence(ordering: .acquiring)
            guard record.sequence.pointee.load(ordering: .relaxed) == before else { continue }
            return holder == key ? version : nil
        }
        return nil
    }

    @inline(__always)
    private func first(of key: UInt64) -> Int { Int(key & setMask) * ProfileFileHead.ways }

    /// A key is a digest: its upper half knows nothing of the lower.
    @inline(__always)
    private func second(of key: UInt64) -> Int { Int((key >> 32) & setMask) * ProfileFileHead.ways }

    @inline(__always)
    private func find(_ key: UInt64) -> Int? {
        precondition(key != 0, "nobody has the key 0")
        return find(key, from: first(of: key)) ?? find(key, from: second(of: key))
    }

    @inline(__always)
    private func find(_ key: UInt64, from start: Int) -> Int? {
        for slot in start..<start + ProfileFileHead.ways
        where keys[slot].load(ordering: .acquiring) == key { return slot }
        return nil
    }

    // MARK: Writing, by the one thread that keeps the file

    /// How far a feed was read whose changes are here.
    public private(set) var fed: FeedPlace {
        get { FeedNotes(head: start).place }
        set { FeedNotes(head: start).write(newValue) }
    }

    /// All of a feed up to there that concerns these profiles is in them. After a process that died at most the one entry
    /// is told again that it was at.
    public func noteFed(_ place: FeedPlace) {
        precondition(isWritable, "opened for looking only")
        if place > fed { fed = place }
    }

    /// Changes the profile that the change names, and makes it where there is none.
    public func apply(_ change: ProfileChange, toldAt told: UInt32) -> ProfileOutcome {
        precondition(isWritable, "opened for looking only")
        let known = find(change.key)
        // Nothing is forgotten for what changes nothing.
        if known == nil, let refusal = layout.refusal(of: change, toldAt: told) {
            tally.count(refusal)
            return refusal
        }
        let slot = known ?? place(for: change.key)
        let record = ProfileRecord(records + slot * head.stride)
        record.begin()
        if known == nil { record.clear(change.key, bytes: layout.bytes) }
        let bytes = UnsafeMutableRawBufferPointer(start: record.profile, count: layout.bytes)
        var profile = MutableRawSpan(_unsafeBytes: bytes)
        let outcome = layout.apply(change, toldAt: told, to: &profile)
        if outcome == .applied {
            record.version &+= 1
            record.told = max(record.told, told)
            record.sum = checksum(record)
        }
        record.end()
        if known == nil {
            if outcome == .applied {
                keys[slot].store(change.key, ordering: .releasing)
                tally.profiles += 1
            } else {
                record.key = 0
            }
        }
        tally.count(outcome)
        return outcome
    }

    /// An empty slot of the emptier set, or the one that was told of longest ago, made empty.
    private func place(for key: UInt64) -> Int {
        let (a, b) = (slots(first(of: key)), slots(second(of: key)))
        if let slot = a.count >= b.count ? a.empty : b.empty { return slot }
        let oldest = told(a.oldest) <= told(b.oldest) ? a.oldest : b.oldest
        keys[oldest].store(0, ordering: .releasing)
        tally.forgotten += 1
        tally.profiles -= 1
        return oldest
    }

    /// Of a set: how many slots are empty, one of them, and the one that was told of longest ago.
    private func slots(_ start: Int) -> (count: Int, empty: Int?, oldest: Int) {
        var found: (count: Int, empty: Int?, oldest: Int) = (0, nil, start)
        for slot in start..<start + ProfileFileHead.ways {
            if keys[slot].load(ordering: .relaxed) == 0 {
                found.count += 1
                found.empty = found.empty ?? slot
            }
            if told(slot) < told(found.oldest) { found.oldest = slot }
        }
        return found
    }

    private func told(_ slot: Int) -> UInt32 { ProfileRecord(records + slot * head.stride).told }

    private func checksum(_ record: ProfileRecord) -> UInt32 {
        let bytes = UnsafeRawBufferPointer(start: record.profile, count: layout.bytes)
        return CRC32C.checksum(of: RawSpan(_unsafeBytes: bytes), continuing: record.version)
    }

    /// What a crash left half written is forgotten: of such a profile nobody can say what it would have been.
    private func repair() {
        for slot in 0..<head.slots {
            let key = keys[slot].load(ordering: .relaxed)
            let record = ProfileRecord(records + slot * head.stride)
            let isWhole =
                record.sequence.pointee.load(ordering: .relaxed) & 1 == 0 && record.key == key
                && (key == 0 || record.sum == checksum(record))
            if isWhole {
                if key != 0 { tally.profiles += 1 }
                continue
            }
            if key != 0 { tally.torn += 1 }
            keys[slot].store(0, ordering: .relaxed)
            record.begin()
            record.clear(0, bytes: layout.bytes)
            record.end()
        }
    }
}

/// What became of profiles since the file was opened.
public struct ProfileTally: Equatable, Sendable {
    public internal(set) var profiles = 0
    public internal(set) var applied = 0
    public internal(set) var late = 0
    public internal(set) var ahead = 0
    public internal(set) var unknown = 0
    /// To make room.
    public internal(set) var forgotten = 0
    /// Half written by a process that died, and forgotten when the file was opened.
    public internal(set) var torn = 0

    mutating func count(_ outcome: ProfileOutcome) {
        switch outcome {
        case .applied: applied += 1
        case .late: late += 1
        case .ahead: ahead += 1
        case .unknown: unknown += 1
        }
    }
}

/// Why profiles could not be opened, with the file's path.
public struct ProfileStoreFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ path: String, doing: String, _ cause: Errno) {
        description = "\(FileFailure(path: path, doing: doing, cause: cause))"
    }

    init(_ path: String, _ cause: ProfileFileError) { description = "\(path): \(cause)" }
}
