// A file of profiles, mapped by the node that keeps it and by whoever looks into it.
//
//     4,096 bytes    what it is, and for which schema; how far a feed was read that ends up in it
//     keys           8 bytes each, in sets of eight: one cache line
//     records        32 bytes of head and the profile, rounded up to cache lines
import Features
import Glibc
import Kernel
import Synchronization
import Units

/// The file's first words.
struct ProfileFileHead: Equatable {
    static let magic: UInt64 = 0x3130_4652_5043_4150
    static let bytes = 4_096
    static let version: UInt32 = 1

    let entity: FeatureEntity
    let profileBytes: Int
    let slots: Int
    /// Of the schema that says what a profile's bytes mean.
    let fingerprint: [UInt8]

    static let recordHead = 32
    static let line = 64
    static let ways = 8

    var stride: Int { (Self.recordHead + profileBytes + Self.line - 1) / Self.line * Self.line }
    var keysStart: Int { Self.bytes }
    var recordsStart: Int { keysStart + (slots * 8 + Self.bytes - 1) / Self.bytes * Self.bytes }
    var fileBytes: Int { recordsStart + slots * stride }

    /// As many slots as the bytes hold, in sets of eight whose number is a power of two; nil where they hold no set.
    init?(_ features: CompiledFeatures, _ entity: FeatureEntity, bytesMost: Int) {
        let profileBytes = features.layout(of: entity).bytes
        var slots = Self.ways
        func head(_ slots: Int) -> ProfileFileHead {
            ProfileFileHead(
                entity: entity, profileBytes: profileBytes, slots: slots,
                fingerprint: features.fingerprint)
        }
        guard profileBytes > 0, head(slots).fileBytes <= bytesMost else { return nil }
        while head(slots * 2).fileBytes <= bytesMost { slots *= 2 }
        self = head(slots)
    }

    private init(entity: FeatureEntity, profileBytes: Int, slots: Int, fingerprint: [UInt8]) {
        self.entity = entity
        self.profileBytes = profileBytes
        self.slots = slots
        self.fingerprint = fingerprint
    }

    init(reading bytes: UnsafeRawBufferPointer) throws(ProfileFileError) {
        guard bytes.count >= Self.bytes, bytes.load(as: UInt64.self) == Self.magic else {
            throw .foreign
        }
        let version = bytes.load(fromByteOffset: 8, as: UInt32.self)
        guard version == Self.version else { throw .version(version) }
        let slots = bytes.load(fromByteOffset: 24, as: UInt64.self)
        let profileBytes = bytes.load(fromByteOffset: 16, as: UInt32.self)
        let sum = bytes.load(fromByteOffset: 64, as: UInt32.self)
        let words = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[..<64]))
        guard sum == CRC32C.checksum(of: words), let entity = FeatureEntity(number: bytes[12]),
            // No file is that large, and beyond it the sums below would overflow.
            slots >= UInt64(Self.ways), slots & (slots - 1) == 0, slots < 1 << 40, profileBytes > 0
        else { throw .damaged }
        self.init(
            entity: entity, profileBytes: Int(profileBytes), slots: Int(slots),
            fingerprint: Array(bytes[32..<64]))
        guard bytes.count == fileBytes else { throw .cut(bytes.count, of: fileBytes) }
    }

    func write(to bytes: UnsafeMutableRawBufferPointer) {
        bytes.storeBytes(of: Self.magic, as: UInt64.self)
        bytes.storeBytes(of: Self.version, toByteOffset: 8, as: UInt32.self)
        bytes.storeBytes(of: UInt32(entity.number), toByteOffset: 12, as: UInt32.self)
        bytes.storeBytes(of: UInt32(profileBytes), toByteOffset: 16, as: UInt32.self)
        bytes.storeBytes(of: UInt64(slots), toByteOffset: 24, as: UInt64.self)
        for (index, byte) in fingerprint.enumerated() { bytes[32 + index] = byte }
        let words = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[..<64]))
        bytes.storeBytes(of: CRC32C.checksum(of: words), toByteOffset: 64, as: UInt32.self)
    }
}

/// Why a file is not one to read profiles from.
public enum ProfileFileError: Error, Equatable, CustomStringConvertible {
    case foreign
    case version(UInt32)
    case damaged
    case cut(Int, of: Int)
    case otherSchema
    case noRoom(Int)

    public var description: String {
        switch self {
        case .foreign: "is not a file of profiles"
        case .version(let found):
            "is of format \(found), and this program knows \(ProfileFileHead.version); use the program that wrote it"
        case .damaged: "has a damaged head; remove it, and its profiles are built up again"
        case .cut(let bytes, let all): "has \(bytes) bytes, and its head says \(all); remove it"
        case .otherSchema:
            "holds profiles of another schema; import them again into a store of their own"
        case .noRoom(let bytes): "cannot hold a single set of profiles in \(bytes) bytes; give it more"
        }
    }
}
