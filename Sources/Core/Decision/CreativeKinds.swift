// Which creatives no slot can tell apart: those of one length and medium, with the same attributes, whose files differ in
// their addresses alone. Catalogs have few such kinds, as ads are made in a few lengths and encoded in one way.
internal import Catalog
internal import Units

/// Numbers kinds while an index is made. A kind goes by the first creative that is of it.
struct CreativeKinds {
    private var firsts: [[UInt64]: UInt32] = [:]
    /// What slots see of the creative at hand.
    private var features: [UInt64] = []

    mutating func kind(
        ofRow row: Int, _ creative: KnownCreative, _ files: KnownTable<KnownMediaFile>,
        _ snapshot: CatalogSnapshot
    ) -> UInt32 {
        features.removeAll(keepingCapacity: true)
        let attributes = creative.attributes.range
        features.append(
            UInt64(creative.format) | (creative.isApproved ? 1 << 8 : 0) | (creative.tag == nil ? 0 : 1 << 9)
                | (creative.hasSecureTag ? 1 << 10 : 0) | UInt64(UInt32(bitPattern: creative.seconds)) << 32)
        features.append(UInt64(attributes.count))
        for place in attributes { features.append(UInt64(snapshot.attribute(inList: place))) }
        for place in creative.media.range {
            let file = files[place]
            features.append(
                UInt64(snapshot.mediaRow(place).mime.number) << 32 | (file.isStreaming ? 1 : 0)
                    | (file.isSecure ? 2 : 0))
            features.append(
                UInt64(UInt32(bitPattern: file.width)) << 32 | UInt64(UInt32(bitPattern: file.height)))
            features.append(UInt64(UInt32(bitPattern: file.kilobits)))
        }
        if let first = firsts[features] { return first }
        let own = UInt32(truncatingIfNeeded: row)
        firsts[features] = own
        return own
    }
}
