// Media files, and which of them fit a device. A choice is made by what is known: types that the device does
// not play and sizes it cannot show are left out, and the best of the rest come first.

/// A kind of media file. What is not known here has no bit and fits only a device that takes anything.
public struct VASTMediaTypes: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let mp4 = VASTMediaTypes(rawValue: 1)
    public static let webm = VASTMediaTypes(rawValue: 2)
    public static let hls = VASTMediaTypes(rawValue: 4)
    public static let dash = VASTMediaTypes(rawValue: 8)
    public static let quickTime = VASTMediaTypes(rawValue: 16)
    public static let threeGPP = VASTMediaTypes(rawValue: 32)
    public static let ogg = VASTMediaTypes(rawValue: 64)
    public static let mp3 = VASTMediaTypes(rawValue: 128)
    public static let aac = VASTMediaTypes(rawValue: 256)
    public static let transportStream = VASTMediaTypes(rawValue: 512)

    /// The kind that a MIME type names, in any case, its parameters ignored.
    public init(mime: RawSpan) {
        var end = 0
        while end < mime.byteCount, mime[byte: end] != UInt8(ascii: ";"), mime[byte: end] != 0x20 { end += 1 }
        for at in Self.names.indices where mime.equalsIgnoringCase(Self.names[at].0, in: 0..<end) {
            self = Self.names[at].1
            return
        }
        self = []
    }

    private static let names: [(StaticString, VASTMediaTypes)] = [
        ("video/mp4", .mp4), ("video/webm", .webm), ("application/x-mpegurl", .hls),
        ("application/vnd.apple.mpegurl", .hls), ("application/dash+xml", .dash),
        ("video/quicktime", .quickTime), ("video/3gpp", .threeGPP), ("video/ogg", .ogg),
        ("audio/mpeg", .mp3), ("audio/mp3", .mp3), ("audio/aac", .aac), ("audio/mp4", .aac),
        ("video/mp2t", .transportStream),
    ]
}

/// One file of a creative. Texts are in the document that it is added to.
public struct VASTMediaFile: Sendable {
    public var url = VASTText.none
    /// The MIME type as it is written out.
    public var type = VASTText.none
    public var kind: VASTMediaTypes = []
    public var isStreaming = false
    public var width = 0
    public var height = 0
    public var id = VASTText.none
    public var codec = VASTText.none
    public var apiFramework = VASTText.none
    /// 0 where it is not known.
    public var bitrateKbps = 0
    /// Both are 0 where the file has one bitrate only.
    public var minBitrateKbps = 0
    public var maxBitrateKbps = 0

    public init() {}
}

/// What a device plays and a request allows. Zero is no limit; no type is any type.
public struct VASTDevice: Hashable, Sendable {
    public var types: VASTMediaTypes = []
    public var takesStreaming = true
    public var takesProgressive = true
    public var width = 0
    public var height = 0
    public var minBitrateKbps = 0
    public var maxBitrateKbps = 0
    /// Whether the player runs interactive files, which name an API.
    public var takesInteractive = false
    /// How many files a creative may carry to it: players choose the better the fewer bad choices they have.
    public var filesMax = 6

    public init() {}

    /// How well the file fits, more being better; nil where it cannot be played or is not allowed.
    public func fit(_ file: VASTMediaFile) -> Int? {
        guard types.isEmpty || !types.isDisjoint(with: file.kind) else { return nil }
        guard file.isStreaming ? takesStreaming : takesProgressive else { return nil }
        guard takesInteractive || file.apiFramework.isEmpty else { return nil }
        let lowest = file.minBitrateKbps > 0 ? file.minBitrateKbps : file.bitrateKbps
        let highest = file.maxBitrateKbps > 0 ? file.maxBitrateKbps : file.bitrateKbps
        if maxBitrateKbps > 0, lowest > maxBitrateKbps { return nil }
        if minBitrateKbps > 0, highest > 0, highest < minBitrateKbps { return nil }
        // A streaming file adapts to the screen and the line by itself: it is the best where it is taken.
        if file.isStreaming && file.bitrateKbps == 0 { return Int.max }
        // Beyond the screen's pixels a file costs bandwidth for nothing; short of them it looks worse.
        let lost = height > 0 ? abs(file.height - height) * (file.height > height ? 2 : 3) : -file.height
        return min(file.bitrateKbps, 1_000_000) - min(max(lost, -100_000), 100_000) * 16
    }
}

extension RawSpan {
    /// Whether these bytes are the literal, which is in lower case, in any case.
    func equalsIgnoringCase(_ literal: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == literal.utf8CodeUnitCount else { return false }
        for i in 0..<range.count {
            let byte = self[byte: range.lowerBound + i]
            let lower = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
            guard lower == (unsafe literal.utf8Start[i]) else { return false }
        }
        return true
    }
}
