// Where the ad will be shown: a site, an app or a screen in public, who sells it, and the content around it.

/// The site, app or dooh object.
public struct Inventory: Sendable, BitwiseCopyable {
    public enum Kind: UInt8, Sendable, BitwiseCopyable { case unknown, site, app, dooh }

    /// Unknown where the request names none of the three.
    public var kind = Kind.unknown
    public var id = Text.empty
    public var name = Text.empty
    public var domain = Text.empty
    public var cattax: Int32 = 1
    public var cat = Run<Text>()
    public var sectioncat = Run<Text>()
    public var pagecat = Run<Text>()
    public var privacypolicy: Bool?
    public var publisher = Publisher()
    public var content = Content()
    public var keywords = Text.empty
    public var kwarray = Run<Text>()
    public var inventorypartnerdomain = Text.empty

    // A site's own.
    public var page = Text.empty
    public var ref = Text.empty
    public var search = Text.empty
    public var mobile: Bool?

    // An app's own.
    public var bundle = Text.empty
    public var storeurl = Text.empty
    public var ver = Text.empty
    public var paid: Bool?

    // A public screen's own.
    public var venuetype = Run<Text>()
    public var venuetypetax: Int32 = 1

    public var ext = Text.empty

    init() {}
}

public struct Publisher: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var name = Text.empty
    public var domain = Text.empty
    public var cattax: Int32 = 1
    public var cat = Run<Text>()
    public var ext = Text.empty

    init() {}
}

/// A network, a channel or a producer.
public struct Outlet: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var name = Text.empty
    public var domain = Text.empty

    init() {}
}

public struct Content: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var episode: Int32?
    public var title = Text.empty
    public var series = Text.empty
    public var season = Text.empty
    public var artist = Text.empty
    public var genre = Text.empty
    public var gtax: Int32 = 9
    public var genres = Run<Text>()
    public var album = Text.empty
    public var isrc = Text.empty
    public var producer = Outlet()
    public var url = Text.empty
    public var cattax: Int32 = 1
    public var cat = Run<Text>()
    public var prodq: Int32?
    public var context: Int32?
    public var contentrating = Text.empty
    public var userrating = Text.empty
    public var qagmediarating: Int32?
    public var keywords = Text.empty
    public var kwarray = Run<Text>()
    /// 0 on demand, 1 a scheduled broadcast; more values may come.
    public var livestream: Int32?
    public var sourcerelationship: Bool?
    /// Seconds.
    public var len: Int32?
    public var language = Text.empty
    public var langb = Text.empty
    public var embeddable: Bool?
    public var network = Outlet()
    public var channel = Outlet()
    public var realtime: Int32?
    public var firstbroadcast: Int32?
    public var data = Run<DataSource>()
    public var ext = Text.empty

    init() {}
}
