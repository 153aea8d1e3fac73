export type LinkKind = 'verify' | 'reset' | 'login' | 'unsubscribe' | 'other'

/**
 * Words of a link's text or address that say what it is for, in lower case. The first kind that fits counts: "confirm your new
 * password" resets, "unsubscribe" comes before all.
 */
export const linkWords: readonly (readonly [Exclude<LinkKind, 'other'>, RegExp])[] = [
  [
    'unsubscribe',
    /unsubscri|opt-?out|list-?unsub|(?:email|mail|notification|communication)[ _-]?(?:preferences|settings)|manage (?:your )?(?:preferences|subscription)|abmelden|abbestellen|désabonn|désinscri|desinscri|darse de baja|cancelar (?:la |tu |su )?(?:suscripción|inscrição|assinatura)|disiscriv|annulla (?:l['’])?iscrizione|uitschrijven|afmelden|wypisz|zrezygnuj|rezygnacja|отписа|відписа|avregistrera|avprenumerera|avsluta prenumeration|afmeld|frameld|meld (?:deg|meg) av|peruuta tilaus|odhlásit|leiratkoz|aboneliğ|配信停止|配信解除|登録解除|退订|退訂|取消订阅|取消訂閱|수신 ?거부|구독 ?취소|hủy đăng ký/u,
  ],
  [
    'reset',
    /reset|forgot|recover|(?:set|create|choose|change)[ _-]?(?:a |your |my )?(?:new[ _-]?)?password|new[ _-]?password|passwort|kennwort|mot de passe|réinitiali|restablec|contraseña|redefin|senha|reimposta|wachtwoord|zresetuj|hasł|сброс|восстанов|парол|återställ|lösenord|nulstil|adgangskode|tilbakestill|passord|salasana|heslo|jelsz|şifre|重置|重設|リセット|再設定|パスワード|密码|密碼|재설정|비밀번호|mật khẩu/u,
  ],
  [
    'verify',
    /verif|confirm|activat|validat|double-?opt|opt-?in|bestätig|aktivier|vérif|valider|activer|activar|ativar|conferma|attiva|bevestig|activeer|potwierd|aktywuj|zweryfikuj|подтверд|активир|підтверд|bekräft|aktivera|bekræft|aktiver|bekreft|vahvista|aktivoi|potvr[ďd]|ověř|aktivuj|megerősít|doğrula|onayla|etkinleştir|xác (?:nhận|thực|minh)|確認|認証|有効化|验证|驗證|确认|激活|啟用|인증|확인|활성화/u,
  ],
  [
    'login',
    /magic[ _-]?link|log[ _-]?in|log[ _-]?on|sign[ _-]?in|one-?tap|passwordless|anmelden|einloggen|connexion|se connecter|connectez|iniciar sesión|inicia sesión|acceder|entrar|fazer login|accedi|inloggen|aanmelden|zaloguj|войти|вход|увійти|logga in|log ind|logg inn|kirjaudu|přihlás|bejelentkez|giriş|oturum|đăng nhập|ログイン|サインイン|登录|登入|로그인/u,
  ],
]
