// What a journal holds of what viewers were shown: each impression that was counted, each counter once in a while, and how
// far a pool's shared stream was read.

extension RecordKind {
    /// One impression, counted by the shard that writes it.
    public static let impression = RecordKind(rawValue: 40)
    /// One counter as it is, with everything that was counted up to then.
    public static let counter = RecordKind(rawValue: 41)
    /// Everything up to there in the shared stream is counted, and in the records before this one.
    public static let sharedRead = RecordKind(rawValue: 42)
}

extension RecordLayout {
    static let frequency: [RecordLayout] = [
        RecordLayout(
            "impression", .impression, version: 1,
            [
                ("user", .u64), ("household", .u64), ("lineItem", .u32), ("creative", .u32),
                ("advertiser", .u32), ("second", .u32), ("shared", .u16),
            ]),
        RecordLayout(
            "counter", .counter, version: 1,
            [
                ("subject", .u64), ("entity", .u32), ("asOf", .u32), ("newest", .u32), ("life", .u32),
                ("heaps", .u16),
            ] + (1...14).map { ("word\($0)", .u16) }),
        RecordLayout(
            "shared-read", .sharedRead, version: 1, [("milliseconds", .u64), ("sequence", .u64)]),
    ]
}
