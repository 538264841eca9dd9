// Who will see the ad and on what: the user with the identifiers that others know them by, the device and
// where it is.

public struct User: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var buyeruid = Text.empty
    public var keywords = Text.empty
    public var kwarray = Run<Text>()
    public var customdata = Text.empty
    /// The home base, not where the user is now.
    public var geo = Geo()
    public var data = Run<DataSource>()
    /// The TCF consent string, from `consent` or, older, `ext.consent`.
    public var consent = Text.empty
    /// From `eids` or, older, `ext.eids`.
    public var eids = Run<ExtendedID>()
    public var ext = Text.empty

    init() {}
}

/// Identifiers of one source.
public struct ExtendedID: Sendable, BitwiseCopyable {
    public var source = Text.empty
    public var inserter = Text.empty
    public var matcher = Text.empty
    public var mm: Int32?
    public var uids = Run<UserID>()

    init() {}
}

public struct UserID: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var atype: Int32?

    init() {}
}

/// What one provider says of the user or the content.
public struct DataSource: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var name = Text.empty
    public var cids = Run<Text>()
    public var segment = Run<Segment>()
    public var ext = Text.empty

    init() {}
}

public struct Segment: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var name = Text.empty
    public var value = Text.empty

    init() {}
}

public struct Device: Sendable, BitwiseCopyable {
    public var geo = Geo()
    public var dnt: Bool?
    public var lmt: Bool?
    public var ua = Text.empty
    /// The structured user agent as it stands in the request.
    public var sua = Text.empty
    public var ip = Text.empty
    public var ipv6 = Text.empty
    public var devicetype: Int32?
    public var make = Text.empty
    public var model = Text.empty
    public var os = Text.empty
    public var osv = Text.empty
    public var hwv = Text.empty
    public var w: Int32?
    public var h: Int32?
    public var ppi: Int32?
    public var pxratio: Double?
    public var js: Bool?
    public var geofetch: Bool?
    public var language = Text.empty
    public var langb = Text.empty
    public var carrier = Text.empty
    public var mccmnc = Text.empty
    public var connectiontype: Int32?
    public var ifa = Text.empty
    public var ext = Text.empty

    init() {}
}

public struct Geo: Sendable, BitwiseCopyable {
    /// Degrees, north and east positive.
    public var lat: Double?
    public var lon: Double?
    public var type: Int32?
    /// Metres.
    public var accuracy: Int32?
    /// Seconds ago.
    public var lastfix: Int32?
    public var ipservice: Int32?
    public var country = Text.empty
    public var region = Text.empty
    public var metro = Text.empty
    public var city = Text.empty
    public var zip = Text.empty
    /// Minutes from UTC.
    public var utcoffset: Int32?
    public var ext = Text.empty

    init() {}
}
