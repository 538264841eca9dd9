// A node's file of keys, for the node itself and for whoever looks at a token.
public import Notices

public enum NoticeKeyFile {
    /// Eight keys of a hundred bytes, and comments.
    private static let limitBytes = 64 * 1024

    public static func read(_ path: String) throws(Failure) -> NoticeKeys {
        let bytes = try InputFile.read(path, limit: limitBytes)
        do {
            return try NoticeKeys(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Failure("\(InputFile.displayName(path)): \(error)")
        }
    }
}
