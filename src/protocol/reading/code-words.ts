/**
 * Words that announce a one-time code. Repetitions are bounded, so a search stays linear. `certain` ones mean nothing else;
 * `possible` ones ("code", "PIN") need the code close by.
 */
const certain = [
  String.raw`(?:verif\p{L}{0,12}|confirm\p{L}{0,8}|security|secure|authenti\p{L}{0,8}|authori\p{L}{0,8}|auth|activation|log-?in|sign-?in|sign-?up|access|one[- ]?time|otp|registration|validation|2fa|mfa|two-factor|recovery|reset|temporary|pass) ?-?(?:pass ?)?(?:code|pin|password|key|number|digits?)s?`,
  String.raw`one[- ]?time pass\p{L}{0,5}|passcode|totp|otp|[ms]-?tan|push-?tan|tan(?= ?:| lautet| ist)|verifycode`,
  // German, Dutch, the Nordic languages: one word, its first half says what for.
  `(?:verifizierungs|bestätigungs|sicherheits|einmal|anmelde|zugangs|aktivierungs|freischalt|prüf|login|registrierungs|authentifizierungs)[- ]?(?:code|passwort|kennwort|pin|nummer)`,
  `(?:verificatie|bevestigings|beveiligings|inlog|toegangs|activerings|activatie|eenmalige?)[- ]?(?:code|wachtwoord)`,
  `(?:verifierings|bekräftelse|säkerhets|engångs|inloggnings|bekræftelses|sikkerheds|sikkerhets|engangs|bekreftelses|verifiserings|verifikations|aktiverings)[- ]?(?:kode|kod|koden|lösenord|passord)`,
  String.raw`(?:vahvistus|varmennus|turva|kertakäyttö|todennus)koodi\p{L}{0,3}`,
  `code (?:de |d['’])(?:vérification|confirmation|sécurité|validation|connexion|accès|activation|authentification)|code (?:à usage )?unique|mot de passe (?:à usage )?unique`,
  `(?:código|codigo) (?:de |único )?(?:verificación|confirmación|seguridad|acceso|activación|autenticación|verificação|verificacao|confirmação|segurança|acesso|ativação|autenticação)`,
  `codice (?:di |d['’])(?:verifica|conferma|sicurezza|accesso|attivazione|autenticazione)|codice (?:usa e getta|otp|monouso)`,
  `(?:kod|kodem) (?:weryfikacyjny|potwierdzający|aktywacyjny|bezpieczeństwa|autoryzacyjny|dostępu|sms|jednorazowy)|hasło jednorazowe`,
  String.raw`код\p{L}{0,2} (?:подтверждения|для входа|доступа|безопасности|активации|проверки|авторизации|підтвердження)|одноразовый (?:код|пароль)|проверочный код`,
  String.raw`ověřovací kód|potvrzovací kód|overovací kód|bezpečnostní kód|jednorázov\p{L}{1,3} (?:kód|heslo)|(?:megerősítő|ellenőrző|biztonsági|egyszer használatos) kód`,
  String.raw`(?:doğrulama|onay|güvenlik|giriş|aktivasyon) (?:kodu|kodunuz|şifresi)|tek kullanımlık \p{L}{3,8}|(?:doğrulama|onay) kod\p{L}{0,6}`,
  `mã (?:xác (?:nhận|thực|minh)|kích hoạt|bảo mật|otp)|ma (?:xac (?:nhan|thuc|minh)|kich hoat|bao mat|otp)|kode (?:verifikasi|otp|konfirmasi|keamanan|akses)`,
  `cod(?:ul)? de (?:verificare|confirmare|securitate|acces|activare)|κωδικός (?:επαλήθευσης|επιβεβαίωσης|ασφαλείας)|kod (?:pengesahan|verifikasi)`,
  `رمز (?:التحقق|التأكيد|الدخول|التفعيل)|كود (?:التحقق|التفعيل)|קוד (?:ה?אימות|ה?אישור|ה?כניסה)|ओटीपी|सत्यापन कोड|รหัส ?otp|รหัสยืนยัน`,
]

const possible = [
  'code|codes|coce|pin|password|pass-?key|verification|verify|confirmation|passwort|kennwort|mot de passe|código|codigo|clave|contraseña|senha',
  'codice|wachtwoord|kod|kodem|hasło|код|пароль|kode|koden|kodeord|lösenord|passord|adgangskode|koodi|kód|heslo|kodu|kodunuz|şifre|şifreniz|parola',
  'cod|codul|κωδικός|mã|רמז|קוד|رمز|كود|कोड|รหัส|sandi|jelszó|pincode',
]

/** Scripts without blanks between words, and Korean, which glues endings to them. */
const glued = [
  '验证码|驗證碼|校验码|校驗碼|动态码|動態碼|动态密码|動態密碼|确认码|確認碼|认证码|認證碼|安全码|安全碼|激活码|登录码|登錄碼|验证代码|驗證代碼|一次性密码|短信码|识别码',
  '認証コード|確認コード|確認番号|認証番号|ワンタイムパスワード|ワンタイムコード|セキュリティコード|セキュリティ コード|ログインコード|パスコード|検証コード|承認コード',
  '인증번호|인증 번호|인증코드|인증 코드|확인 코드|확인코드|보안 코드|보안코드|일회용 비밀번호|일회용 코드|로그인 코드',
]
const gluedPossible = ['コード|暗証番号|パスワード|口令|代码|代碼|密码|密碼|코드|비밀번호|암호']

const alone = (words: readonly string[]) => String.raw`(?<![\p{L}\p{N}])(?:${words.join('|')})(?![\p{L}])`

/** Group 1 is set for a `certain` word. */
export const keyword = new RegExp(
  `(${alone(certain)}|${glued.join('|')})|${alone(possible)}|${gluedPossible.join('|')}`,
  'giu',
)

/** What stands before "code" when it is not for signing in: "promo code", "error code". */
export const otherCode =
  /(?<![\p{L}\p{N}])(?:purchase|promo|promotion|promotional|discount|coupon|voucher|gift|gift card|referral|zip|postal|post|area|country|dial(?:l?ing)?|sort|swift|bar|qr|error|status|response|source|dress|tracking|booking|order|reservation|payment|product|item|reference|tax|offer|redemption|redeem|delivery|shipping|appointment|flight|hotel|invoice|store|class|exit|vat|iata|hs|color|colour|team|rabatt|gutschein)[- ]?$/iu

/** What stands behind it: "code postal", "code of conduct", "código de descuento". */
export const otherCodeAfter =
  /^ ?(?:of conduct|review|base|postal|promo|de (?:descuento|desconto|réduction|promotion|pedido|reserva)|promocional|de barras|sconto|fiscale|rabatowy|pocztowy|товара|заказа|is required|snippet)/i

/** What stands before a number that counts or names something else. */
export const otherNumber =
  /(?:(?<![\p{L}\p{N}])(?:order|iban|invoice|ticket|case|ref|reference|account|acct|a\/c|card|ending(?: in| with)?|tracking|room|suite|ste|apt|ext|extension|phone|tel|fax|mobile|number|model|version|build|issue|page|article|policy|claim|customer(?: id)?|transaction|booking|flight|zip|po box|bestellung|bestellnummer|rechnung|kundennummer|commande|facture|pedido|factura|fatura|ordine|fattura|zamówienie|заказ|заказа|счет|注文番号|订单号|訂單|주문번호|©|copyright|since|in|year)[.:]? ?(?:no\.?|nr\.?|number|id|n°)?[:.#]? ?#?[*•x]{0,16}|[*•]{1,16})$/iu
